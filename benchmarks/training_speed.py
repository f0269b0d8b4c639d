"""`fit` beside twenty plain lines, the loop of most tutorials, and the floor that no loop can pass: seconds an epoch, in turns, in one run.

python -m benchmarks.training_speed batches      the reference VAE at four batch sizes; the curves beside each other
python -m benchmarks.training_speed sizes        smaller, larger and deeper networks
python -m benchmarks.training_speed images       1,000 to 60,000 images: time an image, and memory
python -m benchmarks.training_speed kinds        convolutional, recurrent and hierarchical models
python -m benchmarks.training_speed peer         pythae's trainer, where it is installed (pip install pythae)
python -m benchmarks.training_speed gpu          ten epochs on a GPU, where there is one, and the loss of one step on it and on the CPU

The floor: the matrix products of an epoch (forward, and backward but for the gradient to the pixels) into memory that is there already, and
the optimiser's pass over the parameters, each measured alone. All is float32. Of a round, each row has its turn; figures are medians with
the smallest and the largest in brackets, after one round that is thrown away. Each round trains on, so a model's rounds are its epochs.
"""

from __future__ import annotations

import copy
import importlib.util
import itertools
import logging
import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision import transforms

from benchmarks.tables import images, print_head, print_row
from benchmarks.timing import Way, in_a_process, in_turns, middle, now, peak_memory, print_table, ratio, table_parser
from vae_course import VAE, ConvolutionalVAE, HierarchicalVAE, RecurrentVAE, fit, load
from vae_course.data import Split, sprites

REFERENCE = {"hidden_sizes": (400,), "latent_size": 20}
SIZES = (
    {"hidden_sizes": (100,), "latent_size": 2},
    REFERENCE,
    {"hidden_sizes": (400, 400), "latent_size": 20},
    {"hidden_sizes": (1600,), "latent_size": 50},
)
PIXELS = 784
BATCH = 128
LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.RNNBase)


# The ways to train. Each is a generator that trains an epoch and gives its mean loss whenever it is asked for the next.


def with_fit(model, data: Split, batch_size: int, *, device: str = "cpu", epochs: int = 1) -> Iterator[float]:
    """`fit`, `epochs` at a time; the optimiser goes on. That each call looks at all pixels before it trains is part of its time."""
    optimizer = model.to(device).optimizer(1e-3)
    for seed in itertools.count():
        how = {"epochs": epochs, "batch_size": batch_size, "optimizer": optimizer, "seed": seed}
        yield fit(model, data, device=device, quiet=True, **how).loss[-1]


def plain_lines(hidden_sizes: Sequence[int], latent_size: int, batches: Callable[[], Iterable[Tensor]], *, tutorial=False, device="cpu"):
    """Plain PyTorch. batches: gives an epoch's. tutorial: Adam as it comes, and a look at each step's loss, as most tutorials have it."""
    torch.manual_seed(0)
    encoder = network(PIXELS, *hidden_sizes, 2 * latent_size).to(device)
    decoder = network(latent_size, *reversed(hidden_sizes), PIXELS).to(device)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3, fused=None if tutorial else True)
    for epoch in itertools.count():
        torch.manual_seed(epoch)
        total, seen = 0.0, 0
        for x in batches():
            x = x.flatten(1)
            mu, log_var = encoder(x).chunk(2, dim=-1)
            z = mu + (0.5 * log_var).exp() * torch.randn_like(mu)
            reconstruction = F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum")
            kl = -0.5 * (1 + log_var - mu.pow(2) - log_var.exp()).sum()
            loss = (reconstruction + kl) / len(x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += (loss.item() if tutorial else loss.detach()) * len(x)
            seen += len(x)
        yield float(total) / seen


def bare_loop(model, x: Tensor, batch_size: int) -> Iterator[float]:
    """A loop around `model.loss` and nothing else, for models too long to be written again in twenty lines."""
    optimizer = model.optimizer(1e-3)
    for epoch in itertools.count():
        torch.manual_seed(epoch)
        total = 0.0
        for batch in indexed(x, batch_size)():
            loss = model.loss(batch).total
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            model.steps_trained += 1  # a KL that is annealed asks for it
            total += loss.detach() * len(batch)
        yield float(total) / len(x)


def network(*sizes: int) -> nn.Sequential:
    """Linear layers with a ReLU between them."""
    layers = [layer for pair in itertools.pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def indexed(x: Tensor, batch_size: int) -> Callable[[], Iterable[Tensor]]:
    """Batches from one tensor in memory, in a new order each time."""
    return lambda: (x[chosen] for chosen in torch.randperm(len(x)).to(x.device).split(batch_size))


def loaded(x: Tensor, batch_size: int) -> Callable[[], Iterable[Tensor]]:
    """The same batches from a DataLoader that makes tensors of pictures one by one, as it does with torchvision's MNIST."""
    # A generator of its own keeps the loader from drawing numbers that the others do not draw.
    loader = DataLoader(Pictures(x), batch_size, sampler=SameOrder(len(x)), generator=torch.Generator())
    return lambda: (batch for batch, _ in loader)


class Pictures(Dataset):
    """Pictures as torchvision keeps MNIST's: bytes, of which one picture at a time becomes an image and then a tensor."""

    def __init__(self, x: Tensor) -> None:
        self.bytes, self.transform = (x[:, 0] * 255).round().byte(), transforms.ToTensor()

    def __len__(self) -> int:
        return len(self.bytes)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.bytes[number].numpy())), 0


class SameOrder(Sampler):
    """Shuffles as the other ways do, so that from one seed all see the same batches and draw the same noise."""

    def __init__(self, examples: int) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return self.examples

    def __iter__(self) -> Iterator[int]:
        yield from torch.randperm(self.examples).tolist()


class Timed:
    """A way to train that can be asked for its seconds, an epoch a call. `curve` keeps the losses."""

    def __init__(self, epochs: Iterator[float], device: str = "cpu") -> None:
        self.epochs, self.device, self.curve = epochs, device, []

    def __call__(self) -> float:
        started = now(self.device)
        self.curve.append(next(self.epochs))
        return now(self.device) - started


def apart(one: Timed, other: Timed) -> str:
    """How far two curves are from each other where they are furthest, in nats."""
    return f"{max(abs(a - b) for a, b in zip(one.curve, other.curve, strict=True)):.2f}"


# The floor.


def products(hidden_sizes: Sequence[int], latent_size: int, n: int, batch_size: int) -> Way:
    """The matrix products of an epoch alone, for every layer one forward and two backward, but for the gradient to the pixels."""
    rows = min(batch_size, n)
    layers = [
        *itertools.pairwise((PIXELS, *hidden_sizes, 2 * latent_size)),
        *itertools.pairwise((latent_size, *reversed(hidden_sizes), PIXELS)),
    ]
    forward, backward = [], []
    for inputs, outputs in layers:
        x, weight, slope = torch.rand(rows, inputs), torch.rand(outputs, inputs), torch.rand(rows, outputs)
        forward.append((x, weight.T, torch.empty(rows, outputs)))
        backward.append((slope.T, x, torch.empty(outputs, inputs)))
        backward.append((slope, weight, torch.empty(rows, inputs)))
    del backward[1]  # nobody asks for the gradient to the pixels
    step = [*forward, *reversed(backward)]

    def epoch() -> None:
        for left, right, result in step:
            torch.mm(left, right, out=result)

    return repeated(epoch, n / rows)


def adam_alone(model, steps: float) -> Way:
    """The optimiser's pass over the parameters, as often as an epoch asks for it."""
    optimizer = model.optimizer(1e-3)
    for parameter in model.parameters():
        parameter.grad = 1e-3 * torch.rand_like(parameter)
    return repeated(optimizer.step, steps)


def layers_alone(model, x: Tensor, steps: float) -> Way:
    """Each layer of any model, forward and backward on what a step gives it, with nothing between them, and Adam's pass."""
    calls, optimizer = [], model.optimizer(1e-3)

    def note(layer: nn.Module, given: tuple) -> None:
        calls.append((layer, [value.detach().clone().requires_grad_(value.requires_grad) for value in given]))

    hooks = [layer.register_forward_pre_hook(note) for layer in model.modules() if isinstance(layer, LAYERS)]
    model.loss(x)
    for hook in hooks:
        hook.remove()

    def output(layer: nn.Module, given: Sequence[Tensor]) -> Tensor:
        found = layer(*given)
        return found[0] if isinstance(found, tuple) else found

    slopes = [torch.rand_like(output(layer, given)) for layer, given in calls]

    def step() -> None:
        for (layer, given), slope in zip(calls, slopes, strict=True):
            output(layer, given).backward(slope)
            for value in given:
                value.grad = None
        optimizer.step()
        optimizer.zero_grad()

    return repeated(step, steps)


def repeated(step: Callable[[], object], steps: float) -> Way:
    """The seconds of `steps` steps; where that is no whole number, in proportion to the whole ones."""
    whole = max(1, int(steps))

    def epoch() -> float:
        started = now()
        for _ in range(whole):
            step()
        return (now() - started) * steps / whole

    return epoch


def floor_of(size: dict, n: int, batch_size: int) -> dict[str, Way]:
    """Both parts of the floor, by what their columns are called."""
    return {"products": products(**size, n=n, batch_size=batch_size), "Adam": adam_alone(VAE(**size), math.ceil(n / batch_size))}


def reference(size: dict) -> VAE:
    """The model of that size, with the weights from which the plain lines begin, too."""
    torch.manual_seed(0)
    return VAE(**size)


# The tables.


def batches(quick: bool, rounds: int) -> None:
    """The reference VAE by batch size, all ways."""
    data = images(quick).train
    print(f"The reference VAE on {len(data):,} images, seconds an epoch.\n")
    print_head(
        "batch", "`fit`", "plain lines", "`DataLoader` loop", "products", "Adam", "fit / floor", "fit / plain", "DataLoader / fit", "nats"
    )
    for size in (32, 128) if quick else (32, 128, 512, 2048):
        ours, plain = Timed(with_fit(reference(REFERENCE), data, size)), Timed(plain_lines(**REFERENCE, batches=indexed(data.x, size)))
        tutorial = Timed(plain_lines(**REFERENCE, batches=loaded(data.x, size), tutorial=True))
        ways = {"fit": ours, "plain": plain, "DataLoader": tutorial, **floor_of(REFERENCE, len(data), size)}
        times = in_turns(ways, rounds)
        floor = [a + b for a, b in zip(times["products"], times["Adam"], strict=True)]
        ratios = ratio(times["fit"], floor), ratio(times["fit"], times["plain"]), ratio(times["DataLoader"], times["fit"])
        print_row(size, *(middle(times[name]) for name in ways), *ratios, apart(ours, plain))
    print(f"\nnats: the largest distance between the curves of `fit` and of the plain lines over {rounds + 1} epochs.")


def sizes(quick: bool, rounds: int) -> None:
    """The same model with other networks."""
    data = images(quick).train.head(20_000)
    print(f"{len(data):,} images, batches of {BATCH}, seconds an epoch.\n")
    print_head("hidden layers", "latents", "`fit`", "plain lines", "products", "Adam", "fit / floor", "fit / plain", "nats")
    for size in SIZES[:2] if quick else SIZES:
        ours, plain = Timed(with_fit(reference(size), data, BATCH)), Timed(plain_lines(**size, batches=indexed(data.x, BATCH)))
        ways = {"fit": ours, "plain": plain, **floor_of(size, len(data), BATCH)}
        times = in_turns(ways, rounds)
        floor = [a + b for a, b in zip(times["products"], times["Adam"], strict=True)]
        told = ", ".join(map(str, size["hidden_sizes"])), size["latent_size"]
        ratios = ratio(times["fit"], floor), ratio(times["fit"], times["plain"])
        print_row(*told, *(middle(times[name]) for name in ways), *ratios, apart(ours, plain))


def numbers_of_images(quick: bool, rounds: int) -> None:
    """The reference VAE on more and more images: what one costs, and how much memory training takes beyond them."""
    data = images(quick).train
    counts = (100, 300) if quick else (1_000, 5_000, 20_000, 60_000)
    print(f"The reference VAE, batches of {BATCH}; of fewer images than {counts[-1]:,} so many epochs more in one call of `fit`.\n")
    print_head("images", "`fit`, µs an image", "plain lines, µs an image", "held as floats, MB", "peak of training above that, MB")
    ways: dict[str, Way] = {}
    for n in counts:
        part, repeats = data.head(n), counts[-1] // n
        ways[f"fit {n}"] = Timed(with_fit(reference(REFERENCE), part, BATCH, epochs=repeats))
        plain = Timed(plain_lines(**REFERENCE, batches=indexed(part.x, BATCH)))
        ways[f"plain {n}"] = lambda plain=plain, repeats=repeats: sum(plain() for _ in range(repeats))
    times = in_turns(ways, rounds)
    for n in counts:
        trained_on = n * (counts[-1] // n)
        ours, plain = (middle([1e6 * seconds / trained_on for seconds in times[f"{name} {n}"]], 1) for name in ("fit", "plain"))
        print_row(
            f"{n:,}",
            ours,
            plain,
            f"{4 * PIXELS * n / 1e6:.0f}",
            f"{in_a_process('-m', 'benchmarks.training_speed', '--memory-of', n)[0]:.0f}",
        )


def memory_of_training(n: int) -> float:
    """Megabytes by which training on `n` made-up images exceeds all that this process held before."""
    data, model = Split(torch.rand(n, 1, 28, 28)), VAE()
    fit(model, data.head(BATCH), epochs=2, device="cpu", quiet=True)  # what PyTorch makes once, threads and modules, is there already
    before = peak_memory()
    fit(model, data, epochs=2, device="cpu", quiet=True)
    return peak_memory() - before


def kinds(quick: bool, rounds: int) -> None:
    """Other kinds of models: `fit` beside a loop of nothing but `model.loss`, and beside the layers alone."""
    n = 256 if quick else 5_000
    pictures = images(quick).train.head(n)
    waves = load("waves").train.head(n)
    models = {
        "dense": (VAE, pictures),
        "convolutional": (ConvolutionalVAE, sprites(colour=True, train=n, test=1).train),
        "recurrent": (lambda: RecurrentVAE(input_shape=waves.x.shape[1:], latent_size=4, likelihood="gaussian", patch=4), waves),
        "hierarchical": (HierarchicalVAE, pictures),
    }
    print(f"Each with its default sizes, batches of {BATCH}, seconds an epoch.\n")
    print_head("model", "examples", "`fit`", "a loop of `model.loss`", "its layers and Adam alone", "fit / loop", "fit / layers", "nats")
    for name, (make, data) in models.items():
        torch.manual_seed(0)
        model = make()
        ours = Timed(with_fit(copy.deepcopy(model), data, BATCH))
        bare = Timed(bare_loop(copy.deepcopy(model), data.x, BATCH))
        ways = {"fit": ours, "bare": bare, "layers": layers_alone(model, data.x[:BATCH], len(data) / BATCH)}
        times = in_turns(ways, rounds)
        ratios = ratio(times["fit"], times["bare"]), ratio(times["fit"], times["layers"])
        print_row(name, f"{len(data):,}", *(middle(times[way]) for way in ways), *ratios, apart(ours, bare))


def peer(quick: bool, rounds: int) -> None:
    """pythae's trainer on the same networks and images, where it is installed."""
    if importlib.util.find_spec("pythae") is None:
        print("pythae is not installed here (pip install pythae): nothing to stand beside.")
        return
    from importlib.metadata import version

    data = images(quick).train.head(20_000)
    print(f"The reference VAE on {len(data):,} images, batches of {BATCH}, seconds an epoch; pythae {version('pythae')}.\n")
    with tempfile.TemporaryDirectory() as folder:
        ways: dict[str, Way] = {
            "`fit`": Timed(with_fit(reference(REFERENCE), data, BATCH)),
            "plain lines": Timed(plain_lines(**REFERENCE, batches=indexed(data.x, BATCH))),
            "pythae's trainer": Timed(with_pythae(data, folder)),
        }
        times = in_turns(ways, rounds)
    print_head("loop", "seconds", "times `fit`", f"loss in epoch {rounds + 1}, nats")
    for name, values in times.items():
        print_row(name, middle(values), ratio(values, times["`fit`"]), f"{ways[name].curve[-1]:.2f}")


def with_pythae(data: Split, folder: str) -> Iterator[float]:
    """An epoch of pythae's trainer at a time: the reference networks, all else is pythae's; no checkpoint is kept."""
    logging.disable(logging.INFO)
    from pythae import models
    from pythae.data.datasets import BaseDataset
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = network(PIXELS, 400, 40)

        def forward(self, x):
            mu, log_var = self.layers(x.flatten(1)).chunk(2, dim=-1)
            return ModelOutput(embedding=mu, log_covariance=log_var)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = network(20, 400, PIXELS)

        def forward(self, z):
            return ModelOutput(reconstruction=self.layers(z).sigmoid().view(-1, 1, 28, 28))

    torch.manual_seed(0)
    about = models.VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce")
    how = BaseTrainerConfig(output_dir=folder, per_device_train_batch_size=BATCH, learning_rate=1e-3, no_cuda=True)
    trainer = BaseTrainer(models.VAE(about, Encoder(), Decoder()), BaseDataset(data.x, torch.zeros(len(data))), training_config=how)
    trainer.prepare_training()
    trainer.callback_handler.callback_list.clear()  # its progress bar
    for epoch in itertools.count(1):
        yield float(trainer.train_step(epoch))


def gpu(quick: bool, rounds: int) -> None:
    """Ten epochs on the GPU beside the plain lines on the same one, and the loss of one step there and on the CPU."""
    if not torch.cuda.is_available():
        print("This machine has no GPU that PyTorch can use: not measured.")
        return
    data, epochs = images(quick).train, 10
    x = data.x.cuda()
    print(f"The reference VAE on {len(data):,} images on {torch.cuda.get_device_name()}, seconds for {epochs} epochs.\n")
    print_head("batch", "`fit`", "plain lines", "fit / plain", "loss in the last epoch, nats: `fit`", "plain lines")
    for size in (128, 512, 2048):
        ours = Timed(with_fit(reference(REFERENCE), data, size, device="cuda", epochs=epochs), "cuda")
        plain = Timed(plain_lines(**REFERENCE, batches=indexed(x, size), device="cuda"), "cuda")
        times = in_turns({"fit": ours, "plain": lambda plain=plain: sum(plain() for _ in range(epochs))}, rounds)
        print_row(
            size, *map(middle, times.values()), ratio(times["fit"], times["plain"]), f"{ours.curve[-1]:.2f}", f"{plain.curve[-1]:.2f}"
        )
    here, there = (loss_of_one_step(data.x[:BATCH], device) for device in ("cpu", "cuda"))
    print(f"\nThe loss of one step from the same weights, images and noise: {here:.5f} nats on the CPU, {there:.5f} on the GPU.")


def loss_of_one_step(x: Tensor, device: str) -> float:
    """The reference VAE's loss on x before it was trained, with noise that is drawn on the CPU wherever the model is."""
    model = reference(REFERENCE)
    torch.manual_seed(1)
    noise = torch.randn(len(x), model.latent_size).to(device)
    encode = model.encode

    def with_given_noise(x: Tensor, y: Tensor | None = None):
        q = encode(x, y)
        q.rsample = lambda: q.mean + q.stddev * noise
        return q

    model.encode = with_given_noise
    return model.to(device).loss(x.to(device)).total.item()


TABLES = {"batches": batches, "sizes": sizes, "images": numbers_of_images, "kinds": kinds, "peer": peer, "gpu": gpu}


def main(words: Sequence[str] | None = None) -> None:
    parser = table_parser(TABLES, __doc__)
    parser.add_argument("--memory-of", type=int, metavar="N", help="only the peak memory of training on N images, in this process")
    given = parser.parse_args(words)
    if given.memory_of:
        print(memory_of_training(given.memory_of))
    else:
        print_table(TABLES, given)


if __name__ == "__main__":
    main(sys.argv[1:])

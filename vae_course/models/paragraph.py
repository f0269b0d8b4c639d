"""A VAE of text at two levels: a latent for the paragraph, and below it one for each sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, Independent

from ..objectives import gaussian
from .base import LatentVariableModel, Loss, evaluating
from .hierarchical import LatentStack, kl_of_levels, moved
from .networks import mlp

Choose = Callable[[Tensor], Tensor]  # logits (n, vocabulary) → word numbers (n,)


class ParagraphDistribution(Distribution):
    """p(x|z) over paragraphs: sentences are independent given z, words follow one another. What `decode` returns.

    `log_prob` reads the true words before each word (teacher forcing); `sample` and `mode` read what they wrote. `mode` takes the
    likeliest word each time. `mean` is the same: it is what the course shows of a p(x|z).
    """

    arg_constraints = {}  # pyright: ignore[reportAssignmentType]

    def __init__(self, model: ParagraphVAE, z: Tensor) -> None:
        self.model, self.z = model, z
        super().__init__(z.shape[:-1], torch.Size(model.input_shape), validate_args=False)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x|z) in nats, summed over words and sentences: x (…, sentences, words, vocabulary) → (*batch_shape)."""
        x = x.expand(*self.batch_shape, *self.event_shape).reshape(-1, *self.event_shape)
        logits = self.model.logits_given(self.z.reshape(-1, self.model.latent_size), x)
        words = -F.cross_entropy(logits.flatten(0, -2), x.argmax(-1).flatten(), reduction="none").view(x.shape[:-1])
        return (words * x.sum(-1)).sum((-2, -1)).view(self.batch_shape)  # a row of zeros is no word and adds nothing

    @property
    def mode(self) -> Tensor:
        """Word by word the likeliest: (*batch_shape, sentences, words, vocabulary), one-hot, zeros behind each full stop."""
        return self._written(lambda logits: logits.argmax(-1))

    @property
    def mean(self) -> Tensor:
        return self.mode

    def sample(self, sample_shape: Sequence[int] = (), *, temperature: float = 1.0) -> Tensor:
        """Draws, word by word: (*sample_shape, *batch_shape, sentences, words, vocabulary).

        temperature: 1 for draws of this distribution; below it rather what is likely (towards `mode`), above it rather what is not.
        Raises ValueError unless it is above 0.
        """
        if not temperature > 0:
            raise ValueError(f"temperature is {temperature}, expected a number above 0. Use `mode` for the likeliest of each word.")
        every = ParagraphDistribution(self.model, self.z.expand(*sample_shape, *self.z.shape))
        return every._written(lambda logits: Categorical(logits=logits / temperature, validate_args=False).sample())

    @torch.no_grad()
    def _written(self, choose: Choose) -> Tensor:
        return self.model.write(self.z.reshape(-1, self.model.latent_size), choose).view(*self.batch_shape, *self.event_shape)


class ParagraphVAE(LatentVariableModel):
    """A latent of the paragraph, z_p ~ N(0, I); one of each sentence, p(z_s | z_p), learnt; sentence s is written from (z_p, z_s, s).

    The sentences meet in z_p alone: no sentence reads the words of another. Found from the top down: q(z_p | paragraph), then
    q(z_s | z_p, sentence s), which moves and stretches p(z_s | z_p) (Vahdat & Kautz 2020, section 3.2).
    The writer sees the last few words at once, side by side, and no state (Bengio et al. 2003): on a processor it learns in a fraction of
    the time of a GRU. A paragraph above its sentences: Serban et al. 2017 (dialogue); word dropout: Bowman et al. 2016.

    input_shape: (sentences, words, vocabulary). x is one-hot, rows of zeros behind each sentence's `end_token`.
    paragraph_size, sentence_size: numbers in z_p, and in each z_s. With sentence_size=0 the model is flat: z_p is all there is.
    embedding_size: numbers by which a word is read. hidden_size: of every hidden layer. window: how many words the writer looks back.
    word_dropout: the share of true words hidden from the writer in training. With 1 it never sees any, in evaluation neither.
    beta: what the KL of both levels counts for.
    anneal_steps: in training the price of a nat of KL rises from 0 to `beta` over the first so many steps.
    anneal_sentences: whether that of z_s rises, too, or counts in full from the first step: then z_p, which is free, learns all that
        there is to say, and z_s stays silent.
    free_bits: a KL in nats that each number of each z_s has for nothing. z_p needs none: no word of one sentence
        tells anything to another, so that what they share has no other way.
    Latents stand side by side, z = (z_1, z_2, z_3, z_p): `encode`, `decode` and `prior` are over that z; `levels` cuts it up.
    Raises ValueError for settings out of range; where data enters, for rows that are not one-hot and sentences without a word.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (3, 14, 251),
        paragraph_size: int = 16,
        sentence_size: int = 8,
        embedding_size: int = 32,
        hidden_size: int = 96,
        window: int = 4,
        word_dropout: float = 0.0,
        beta: float = 1.0,
        anneal_steps: int = 0,
        anneal_sentences: bool = True,
        free_bits: float = 0.0,
        end_token: int = 0,
    ) -> None:
        if len(input_shape) != 3 or min(input_shape) < 1:
            raise ValueError(f"input_shape is {tuple(input_shape)}, expected (sentences, words, vocabulary), each at least 1.")
        if paragraph_size < 1 or sentence_size < 0:
            raise ValueError(
                f"paragraph_size is {paragraph_size} and sentence_size {sentence_size}, expected at least 1, and 0 (a flat model) or more."
            )
        if not 0 <= word_dropout <= 1:
            raise ValueError(f"word_dropout is {word_dropout}, expected a share from 0 to 1.")
        if window < 1:
            raise ValueError(f"window is {window}, expected at least 1: the words that the writer looks back.")
        sentences, words, vocabulary = input_shape
        if not 0 <= end_token < vocabulary:
            raise ValueError(f"end_token is {end_token}, expected one of the {vocabulary} words.")
        own = sentences * sentence_size
        super().__init__(
            input_shape=input_shape, latent_size=own + paragraph_size, beta=beta, anneal_steps=anneal_steps, free_bits=free_bits
        )
        self.sentences, self.paragraph_size, self.sentence_size = sentences, paragraph_size, sentence_size
        self.latent_sizes = [own, paragraph_size] if own else [paragraph_size]
        self.word_dropout, self.end_token, self.window = word_dropout, end_token, window
        self.anneal_sentences = anneal_sentences
        self.words = nn.Embedding(vocabulary, embedding_size)
        nn.init.normal_(self.words.weight, std=0.3)
        self.reader = nn.Sequential(mlp([words * embedding_size, 2 * hidden_size, hidden_size]), nn.ReLU())
        self.to_paragraph = mlp([sentences * hidden_size, hidden_size, 2 * paragraph_size])
        if sentence_size:
            self.to_prior = mlp([paragraph_size, hidden_size, 2 * own])
            self.to_sentence = mlp([hidden_size + paragraph_size + sentences, hidden_size, 2 * sentence_size])
        self.from_plan = nn.Linear(paragraph_size + sentence_size + sentences, hidden_size)
        self.from_place = nn.Parameter(torch.zeros(words, hidden_size))
        self.from_words = nn.Linear(window * embedding_size, hidden_size, bias=False)
        self.to_logits = nn.Sequential(nn.ReLU(), nn.Linear(hidden_size, hidden_size), nn.ReLU(), nn.Linear(hidden_size, vocabulary))

    def levels(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """z cut up: (…, latent_size) → z_s (…, sentences, sentence_size) and z_p (…, paragraph_size)."""
        z = self.check_latent(z)
        own = self.sentences * self.sentence_size
        return z[..., :own].unflatten(-1, (self.sentences, self.sentence_size)), z[..., own:]

    def encode(self, x: Tensor, y: Tensor | None = None) -> LatentStack:
        """q(z|x) over both levels, a `LatentStack` over (batch, latent_size). x: (batch, sentences, words, vocabulary)."""
        read = self._read(self.check_input(x))
        top = gaussian(*self.to_paragraph(read.flatten(1)).chunk(2, dim=-1))

        def of_sentences(z_p: Tensor | None) -> Independent:
            assert z_p is not None
            place = self._places.expand(*z_p.shape[:-1], -1, -1)
            seen = [read.expand(*z_p.shape[:-1], -1, -1), z_p.unsqueeze(-2).expand(*place.shape[:-1], -1), place]
            shift, log_stretch = self.to_sentence(torch.cat(seen, -1)).chunk(2, dim=-1)
            return moved(self.given_paragraph(z_p), shift.flatten(-2), log_stretch.flatten(-2))

        return self._stack(top, of_sentences)

    @property
    def prior(self) -> LatentStack:
        """p(z_p) times p(z_s | z_p) of each sentence."""
        zeros = self._zeros[: self.paragraph_size]
        return self._stack(gaussian(zeros, zeros), lambda z_p: self.given_paragraph(z_p))

    def given_paragraph(self, z_p: Tensor | None) -> Independent:
        """p(z_s | z_p) of all sentences side by side: z_p (…, paragraph_size) → over (…, sentences · sentence_size)."""
        return gaussian(*self.to_prior(z_p).chunk(2, dim=-1))

    def decode(self, z: Tensor, y: Tensor | None = None) -> ParagraphDistribution:
        """p(x|z) for z of shape (…, latent_size): `log_prob` under teacher forcing, `mode` and `sample` running free."""
        return ParagraphDistribution(self, self.check_latent(z))

    def kl_terms(self, q: LatentStack, z: Tensor) -> Tensor:
        """Each latent's share of the KL, the sentences' first: (batch, latent_size), in nats."""
        return torch.cat(kl_of_levels(q, self.prior, z), -1)

    def kl_parts(self, shares: Tensor) -> dict[str, Tensor]:
        """What each level costs: `kl_sentences`, of all of them together, and `kl_paragraph`."""
        own = self.sentences * self.sentence_size
        return {"kl_sentences": shares[:own].sum(), "kl_paragraph": shares[own:].sum()}

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The negative ELBO and its terms in nats per paragraph, each level's KL among them; free bits are for the sentences' latents."""
        q = self.encode(x, y)
        z = q.rsample()
        reconstruction = -self.decode(z, y).log_prob(x).mean()
        shares = self.kl_terms(q, z).mean(0)
        own = self.sentences * self.sentence_size
        of_sentences = self.kl_weight if self.anneal_sentences else self.beta
        total = reconstruction + self.kl_weight * shares[own:].sum() + of_sentences * shares[:own].clamp_min(self.free_bits).sum()
        return Loss(total=total, reconstruction=reconstruction, kl=shares.sum(), **self.kl_parts(shares))

    def logits_given(self, z: Tensor, x: Tensor) -> Tensor:
        """The writer's logits for each word, given z (n, latent_size) and the true words before it, x (n, sentences, words, vocabulary)."""
        before = F.pad(self._embedded(x), (0, 0, self.window, -1))  # before the first word there are rows of zeros
        if self.word_dropout == 1:
            before = torch.zeros_like(before)
        elif self.training and self.word_dropout > 0:
            before = before * (torch.rand(before.shape[:2], device=x.device) >= self.word_dropout).unsqueeze(-1)
        seen = before.unfold(1, self.window, 1).transpose(2, 3).flatten(2)
        hidden = self.from_words(seen) + self.from_place + self.from_plan(self._plans(z)).unsqueeze(1)
        return self.to_logits(hidden).view(x.shape)

    def write(self, z: Tensor, choose: Choose) -> Tensor:
        """Paragraphs for z (n, latent_size), each word chosen by `choose(logits)` and read by the next: (n, *input_shape)."""
        plan = self.from_plan(self._plans(z))
        before = torch.zeros(len(plan), self.window, self.words.embedding_dim, dtype=z.dtype, device=z.device)
        open_ones = torch.ones(len(plan), 1, dtype=z.dtype, device=z.device)
        written = []
        for place in self.from_place:
            word = choose(self.to_logits(self.from_words(before.flatten(1)) + place + plan))
            written.append(F.one_hot(word, self.input_shape[2]).to(z.dtype) * open_ones)
            open_ones = open_ones * (word != self.end_token).unsqueeze(-1)
            if self.word_dropout < 1:
                before = torch.cat([before[:, 1:], self.words(word).unsqueeze(1)], 1)
        return torch.stack(written, 1).view(len(z), *self.input_shape)

    @torch.no_grad()
    def redraw(self, x: Tensor, n: int, *, sentences: Sequence[int] | None = None) -> Tensor:
        """Keep a paragraph's z_p, draw the latents of some sentences anew from p(z_s | z_p) `n` times: z of shape (n, latent_size).

        x: one paragraph, (sentences, words, vocabulary) or (1, sentences, words, vocabulary); what is kept are the means of q.
        sentences: which, counted from 1; None for all.
        Raises ValueError when there is no such sentence, or the model is flat.
        """
        wanted = range(1, self.sentences + 1) if sentences is None else sentences
        if not self.sentence_size:
            raise ValueError("this model is flat, so it has no latent of a sentence to draw. Take one with sentence_size above 0.")
        if not all(1 <= number <= self.sentences for number in wanted):
            raise ValueError(f"sentences are {list(wanted)}, expected numbers from 1 to {self.sentences}.")
        with evaluating(self):
            z_s, z_p = self.levels(self.encode(self.entered(self.placed(x).reshape(1, *self.input_shape))).mean.expand(n, -1))
            drawn = self.given_paragraph(z_p).sample().view_as(z_s)
            is_new = torch.tensor([number in wanted for number in range(1, self.sentences + 1)], device=z_s.device)
            return torch.cat([torch.where(is_new.unsqueeze(-1), drawn, z_s).flatten(1), z_p], -1)

    def own_part(self, z: Tensor) -> Tensor:
        """What each z_s adds to z_p: its distance from the mean of p(z_s | z_p) in standard deviations, (…, sentences, sentence_size).

        z: (…, latent_size). `with_paragraph` is the way back, under the same z_p or another. Raises ValueError when the model is flat.
        """
        z_s, z_p = self.levels(z)
        given = self._given(z_p)
        return (z_s - given.mean.view_as(z_s)) / given.stddev.view_as(z_s)

    def with_paragraph(self, z_p: Tensor, own_part: Tensor) -> Tensor:
        """z, (…, latent_size), of sentences that say the same for themselves under a z_p (…, paragraph_size): see `own_part`."""
        given = self._given(z_p)
        return torch.cat([given.mean + given.stddev * own_part.flatten(-2), z_p], -1)

    def _given(self, z_p: Tensor) -> Independent:
        if not self.sentence_size:
            raise ValueError("this model is flat, so it has no latent of a sentence. Take one with sentence_size above 0.")
        return self.given_paragraph(z_p)

    def check_values(self, x: Tensor) -> Tensor:
        """Return x if its rows are one-hot or zeros and no sentence is empty, else raise a ValueError that says what is wrong."""
        rows = x.sum(-1)
        if not (((x == 0) | (x == 1)).all() and ((rows == 0) | (rows == 1)).all()):
            raise ValueError(
                "each word must be one-hot, or all zeros behind a sentence's end. "
                "Use vae_course.data.texts.words_to_one_hot on word numbers."
            )
        empty = (rows[..., 0] == 0).nonzero()
        if len(empty):
            raise ValueError(f"sentence {int(empty[0, 1]) + 1} of paragraph {int(empty[0, 0])} has no word: expected at least one.")
        return x

    @property
    def _places(self) -> Tensor:
        """Which sentence it is, one-hot: (sentences, sentences)."""
        return torch.eye(self.sentences, dtype=self.dtype, device=self.device)

    def _embedded(self, x: Tensor) -> Tensor:
        """Words as both networks read them: → (n · sentences, words, embedding_size). Zeros stay zeros."""
        x = x.flatten(0, 1)
        return self.words(x.argmax(-1)) * x.sum(-1, keepdim=True)

    def _read(self, x: Tensor) -> Tensor:
        """What the reader makes of each sentence, its words side by side: → (n, sentences, hidden_size)."""
        return self.reader(self._embedded(x).flatten(1)).unflatten(0, (-1, self.sentences))

    def _plans(self, z: Tensor) -> Tensor:
        """What the writer is told of each sentence, (n · sentences, …): both latents, and which sentence it is."""
        z_s, z_p = self.levels(z)
        each = [z_p.unsqueeze(1).expand(-1, self.sentences, -1), z_s, self._places.expand(len(z), -1, -1)]
        return torch.cat(each, -1).flatten(0, 1)

    def _stack(self, top: Independent, of_sentences) -> LatentStack:
        """Both levels as one distribution, drawn from the top; a flat model has the top alone."""
        conditionals = [of_sentences, lambda _: top] if self.sentence_size else [lambda _: top]
        return LatentStack(conditionals, self.latent_sizes, range(len(conditionals) - 1, -1, -1))

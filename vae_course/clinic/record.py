"""What an examination leaves behind: figures, what was looked at, and what it points to."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True)
class Finding:
    """One fault.

    name: what it is called. evidence: the number that shows it. shown: the same in a sentence. next: what to look at next.
    """

    name: str
    evidence: float
    shown: str
    next: str


@dataclass(frozen=True)
class Examination:
    """The record of `examine`. In Jupyter it is shown as one line; `print` it for the whole.

    findings: what is wrong, the likeliest cause first; empty for a healthy run.
    seen: what was looked at, by name, and what was seen there.
    figures: the numbers behind it, nats an example where they are costs.
    remarks: what is worth knowing and no fault.
    """

    findings: list[Finding] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def verdict(self) -> str:
        """What it points to, in a line."""
        return "nothing found" if self.healthy else "it points to: " + "; then: ".join(finding.name for finding in self.findings)

    def __repr__(self) -> str:
        return f"Examination: {self.verdict}"

    def __str__(self) -> str:
        width = max(map(len, self.seen), default=0)
        lines = [f"{name:{width}}  {told}" for name, told in self.seen.items()]
        lines += [f"{'remark':{width}}  {remark}" for remark in self.remarks]
        lines += ["", "→ nothing found" if self.healthy else f"→ it points to: {self.findings[0].name}"]
        for number, finding in enumerate(self.findings):
            lines += [f"  then: {finding.name}"] * (number > 0)
            lines += [f"  {finding.shown}", f"  look at: {finding.next}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>"

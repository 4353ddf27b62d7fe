"""Findings of single seeds, and the statement that many of them make together."""

from collections import Counter
from dataclasses import dataclass
from statistics import median

SEEDS = 20
UNDECIDED = "depends on the seed"


@dataclass(frozen=True)
class Finding:
    """The outcome of one probe on one rule: the number first, the word computed from it."""

    probe: str
    rule: str
    seed: int
    value: float
    verdict: str


@dataclass(frozen=True)
class Statement:
    """What a probe found with many seeds, each one another network with other examples."""

    findings: tuple[Finding, ...]

    def __post_init__(self):
        if not self.findings:
            raise ValueError("no seed was asked, expected seeds of at least 1")

    @property
    def counts(self) -> Counter:
        """How many seeds said which word."""
        return Counter(finding.verdict for finding in self.findings)

    @property
    def verdict(self) -> str:
        """The word on which all seeds agree."""
        return next(iter(self.counts)) if len(self.counts) == 1 else UNDECIDED

    @property
    def said(self) -> str:
        """For people to read, such as "20 of 20" or "15 depends, 5 leaks"."""
        if len(self.counts) == 1:
            return f"{len(self.findings)} of {len(self.findings)}"
        return ", ".join(f"{n} {word}" for word, n in self.counts.most_common())

    @property
    def value(self) -> float:
        """The median over the seeds."""
        return self.median("value")

    def median(self, name: str) -> float:
        """The median of one number of the findings over the seeds."""
        return median(getattr(finding, name) for finding in self.findings)

    @property
    def range(self) -> tuple[float, float]:
        values = [finding.value for finding in self.findings]
        return min(values), max(values)

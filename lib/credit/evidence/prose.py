"""Numbers that prose must not hold: a measured one belongs into a claim, where data give it."""

import re

# What is taken out before looking: in these a number is a setting, a symbol or somebody else's.
EXEMPT = re.compile(
    r"""
    ^(```|~~~).*?^\1            # code blocks
    | <!--.*?-->                # comments
    | `[^`\n]*`                 # code: `rate 0.001`, `dropout 50 %`
    | \$\$.*?\$\$ | \$[^$\n]+\$  # equations
    | \[[^\]]*\]\([^)]*\)       # links: [1.45 %](https://arxiv.org/abs/1609.01596), its source
    | https?://\S+ | arXiv:\S+
    | \b(?:0|90|180)\s?(?:°|deg(?:rees?)?\b)  # geometry: aligned, unrelated, opposite
    | \b100\s?(?:%|per\s?cent\b)
    | \b95\s?%\s(?:confidence\s)?intervals?
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
NUMBER = r"\d+(?:[.,]\d+)*"
IN_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
    "sixty seventy eighty ninety hundred few half"
)
WORD = rf"(?:{'|'.join(IN_WORDS.split())})"
RESULT = r"(?:errors?|accurac(?:y|ies)|angles?|loss(?:es)?|gaps?|correlations?|NSE|nMSE)"
LINK = r"(?:\s|:|=|,|\(|\b(?:of|at|is|was|are|were|ends?|about|near|below|above)\b)"
MEASURED = re.compile(
    rf"""
    (?<![\w.]){NUMBER}(?:\s?(?:%|°)|\s(?:per\s?cent|deg(?:rees?)?|points?|times|fold|hours?)\b)
    | (?<![\w.]){NUMBER}-(?:fold|degrees?|points?)\b
    | \b{WORD}\s(?:a\s)?(?:per\s?cent|degrees?|points?|tenths?)\b
    | (?<![\w.])\d+\sof\s(?:the\s)?\d+\b
    | \b{WORD}\sof\s(?:the\s)?{WORD}\s(?:seeds|runs|nets|networks)\b
    | \bn\s=\s\d+
    | ±\s?\d[\d.]*
    | \b{RESULT}{LINK}+\d+\.\d+  # a decimal right behind a word of results
    """,
    re.VERBOSE,
)


def typed_numbers(text: str) -> list[str]:
    """What looks like a measured number typed by hand, in Markdown: "5.9 %", "within 3 degrees".

    A number, in digits or words, with a unit of results (%, degrees, points, times), 4 of 5, n = 5,
    ± 0.1, or a decimal right behind a word such as error or angle. A published number is written as
    a link to its source, a setting as `code` or in an equation; both pass.
    """
    return [" ".join(found.group().split()) for found in MEASURED.finditer(EXEMPT.sub(" ", text))]

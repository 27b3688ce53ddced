"""Texts of a drawing: how wide they are, and how to write them so that they stay what they are."""

from __future__ import annotations

import math
import re
import unicodedata

__all__ = ["four_digits", "is_exotic", "is_finite", "marked", "middle_cut", "readable", "width_of", "xml"]

# In parts of the font size; no sans-serif font in common use is wider (DejaVu and Verdana come close).
_WIDTHS = {
    **dict.fromkeys("ijlI'", 0.31),
    **dict.fromkeys(" .,:;/\\|-·", 0.37),
    **dict.fromkeys("!()[]`frt", 0.43),
    **dict.fromkeys("ABCDEFGHJKLMNOPQRSTUVXYZ&#+<=>^~w×→−", 0.86),
    **dict.fromkeys("Wm@%…", 1.03),
    **dict.fromkeys("\N{RIGHT-TO-LEFT ISOLATE}\N{POP DIRECTIONAL ISOLATE}", 0.0),
}
_PLAIN_WIDTH = 0.66
_RIGHT_TO_LEFT_WIDTH = 0.9
_OTHER_WIDTH = 1.1
_EMOJI_WIDTH = 1.4
_BOLD = 1.14
_NARROWEST = 0.3
"""Below this, so many letters are piled on one another that the text is cut."""

_ORDINARY = re.compile("[ -\u06ff\u1e00-\u27ff\u3000-\ud7ff\ufffd\U0001f300-\U0001faff]")
_KNOWN = {*map(chr, range(32, 127)), *"∂Σσ·×→−–…²√"}
_RIGHT_TO_LEFT_LETTERS = (
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]+"
)
_RIGHT_TO_LEFT = re.compile(f"{_RIGHT_TO_LEFT_LETTERS}(?: +{_RIGHT_TO_LEFT_LETTERS})*")
_MIDDLE_WORD = re.compile(r"\.[^\W\d]{3,}\.")  # in layers.0.neurons.3 the numbers tell more than the words
_PILED_MARKS = 2


def width_of(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a text in a sans-serif font, rather too wide than too narrow.

    Args:
        text: what is to be measured, on one line.
        size: the font size in pixels.
        bold: whether it is set in bold.

    Returns:
        The width in pixels.

    Example:
        >>> width_of("L", 10), width_of("if", 10) < width_of("MW", 10)
        (8.6, True)
    """
    return sum(_width_of_one(character) for character in text) * size * (_BOLD if bold else 1.0)


def _width_of_one(character: str) -> float:
    letter = unicodedata.normalize("NFD", character)[0]  # é is as wide as e
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if letter in _KNOWN:
        return _PLAIN_WIDTH
    if unicodedata.category(letter) in ("Mn", "Me"):
        return 0.0
    if "\u0590" <= letter <= "\u06ff":
        return _RIGHT_TO_LEFT_WIDTH
    return _EMOJI_WIDTH if letter >= "\U0001f000" else _OTHER_WIDTH


def is_exotic(text: str) -> bool:
    """Return whether a text has characters whose width is only guessed.

    Example:
        >>> is_exotic("∂L/∂q = 損失"), is_exotic("\N{CUNEIFORM SIGN A}")
        (False, True)
    """
    return any(_ORDINARY.fullmatch(character) is None for character in text)


def readable(text: str) -> str:
    """Return a text with every character visible, harmless and in its place.

    A control character becomes its picture, and what XML does not allow or what would
    reorder its neighbours becomes "�". Right-to-left words are isolated, so that they
    read as they should and the text around them stays where it is.

    Example:
        >>> readable("two\\nlines"), readable("\\x00 and \\u202e")
        ('two␊lines', '␀ and �')
    """
    if _KNOWN.issuperset(text):
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _PILED_MARKS:  # more would pile up over the lines above
            shown.append(_visible(character))
    return _RIGHT_TO_LEFT.sub(
        lambda word: f"\N{RIGHT-TO-LEFT ISOLATE}{word[0]}\N{POP DIRECTIONAL ISOLATE}", "".join(shown)
    )


def _visible(character: str) -> str:
    code = ord(character)
    if code < 32:
        return chr(0x2400 + code)
    if code == 127:
        return "␡"
    if unicodedata.category(character) in ("Zl", "Zp"):
        return "␊"
    is_joiner = character == "\N{ZERO WIDTH JOINER}"  # it makes one picture of several emoji
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Cn") and not is_joiner
    return "�" if hidden else character


def middle_cut(text: str, size: float, room: float, bold: bool = False) -> str:
    """Return a readable text, shortened with "…" in its middle until it fits.

    Args:
        text: what is to be shortened; anything, it is made readable first.
        size: the font size in pixels.
        room: the width that it may have, in pixels.
        bold: whether it is set in bold.

    Example:
        >>> middle_cut("layers.0.neurons.3.w.1", 10, 100), middle_cut("a_very_long_name", 10, 60)
        ('layers.0…3.w.1', 'a_v…ame')
    """
    most = int(room / size / _NARROWEST) + 1
    if len(text) <= most and width_of(readable(text), size, bold) <= room:
        return readable(text)
    dotted = readable(_MIDDLE_WORD.sub("…", text[:most]))
    if len(text) <= most and width_of(dotted, size, bold) <= room:
        return dotted
    for kept in range(min(len(text) - 1, most), 0, -1):
        head, tail = text[: (kept + 1) // 2], text[len(text) - kept // 2 :]
        cut = readable(head.rstrip(".")) + "…" + readable(tail.lstrip("."))
        if width_of(cut, size, bold) <= room:
            return cut
    return "…"


def four_digits(number: float | None) -> str:
    """Write a number with four significant digits at most, and a dash for one that is not known yet.

    Example:
        >>> [four_digits(x) for x in (-12.0, 2 / 3, 1e-300, -0.0, 123456.0, float("-inf"), None)]
        ['-12', '0.6667', '1e-300', '-0', '1.235e+05', '-inf', '–']
    """
    return "–" if number is None else format(number, ".4g")


def marked(number: float | None) -> str:
    """Write a number likewise; inf and nan with a sign that cannot be overlooked.

    Example:
        >>> marked(2.0), marked(float("nan"))
        ('2', '⚠ nan')
    """
    return four_digits(number) if is_finite(number) else f"⚠ {four_digits(number)}"


def is_finite(number: float | None) -> bool:
    """Return whether a number is neither inf nor nan; one that is not known yet counts as finite."""
    return number is None or math.isfinite(number)


def xml(text: str) -> str:
    """Return a readable text escaped for XML, inside an element or a quoted attribute.

    Example:
        >>> xml('<b> & "c"')
        '&lt;b&gt; &amp; &quot;c&quot;'
    """
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text

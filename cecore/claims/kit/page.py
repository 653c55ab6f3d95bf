"""An examination as HTML: for notebooks, and as a page of its own."""

from html import escape

from cecore.claims.kit.causes import Cause, counts, rest
from cecore.claims.kit.examine import Examination

# Colours that a notebook's own, light or dark, shine through.
STYLE = """<style>
.cecore-report { font-family: system-ui, sans-serif; line-height: 1.45; max-width: 48rem; }
.cecore-report table { border-collapse: collapse; margin: .5rem 0; }
.cecore-report td { padding: .15rem .9rem .15rem 0; text-align: left; background: none; }
.cecore-report .fault { border-left: 4px solid #d55e00; padding: .1rem 0 .1rem .8rem;
  margin: .9rem 0; }
.cecore-report .exact { border-color: #888; }
.cecore-report pre { margin: .3rem 0; white-space: pre-wrap; overflow-wrap: anywhere;
  background: none; color: inherit; }
.cecore-report .yes { color: #009e73; font-weight: 600; }
.cecore-report .no { color: #d55e00; font-weight: 600; }
.cecore-report .small { font-size: .9em; opacity: .8; }
</style>"""


def page(name: str, examination: Examination, found: list[Cause]) -> str:
    """Lay an examination out as HTML."""
    rows = [
        f"<tr><td>{level}</td><td class={'no' if wrong else 'yes'}>"
        f"{'no' if wrong else 'yes'}</td><td>{looked} probes, {wrong} with faults</td></tr>"
        for level, (looked, wrong) in counts(examination).items()
    ]
    parts = [STYLE, "<div class=cecore-report>", f"<strong>{escape(name)}</strong>"]
    parts += ["<table>", *rows, "</table>", *map(_block, found)]
    parts += [f"<p class=small>{'<br>'.join(map(escape, rest(examination)))}</p>", "</div>"]
    return "\n".join(parts)


def _block(cause: Cause) -> str:
    lines = [*filter(None, [cause.call]), *cause.outcome]
    return (
        f'<div class="fault {cause.probe.level}"><strong>{cause.probe.level}: '
        f"{escape(cause.probe.title)}</strong>"
        f"<pre>{escape(chr(10).join(lines))}</pre>{escape(cause.probe.why)}"
        f"<div class=small>In {escape(cause.scope)}. "
        f"Claims: {', '.join(cause.probe.claims) or 'none'}.</div></div>"
    )

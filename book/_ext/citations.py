"""The list of references, with the names that the text uses: ``[Dao et al., 2022]``."""

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as Plain
from pybtex.style.labels import BaseLabelStyle


class AuthorYear(BaseLabelStyle):
    """Labels of names and a year, as sphinxcontrib-bibtex writes them in the text."""

    def format_labels(self, sorted_entries):
        for entry in sorted_entries:
            names = [last_name(person) for person in entry.persons["author"]]
            who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
            yield f"{who}, {entry.fields['year']}"


def last_name(person):
    return " ".join(
        part.render_as("text") for part in person.rich_prelast_names + person.rich_last_names
    )


class Style(Plain):
    default_label_style = AuthorYear


def setup(app):
    register_plugin("pybtex.style.formatting", "book", Style, force=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

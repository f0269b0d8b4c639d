"""The record of an examination: one line in Jupyter, the whole when it is printed."""

from vae_course.clinic import Examination, Finding

FOUND = Finding("sigmoid twice", 0.5, "No output is below 0.50.", "the decoder's last layer")


def test_a_healthy_record_says_that_nothing_was_found():
    record = Examination(seen={"data": "800 examples"})
    assert record.healthy
    assert repr(record) == "Examination: nothing found"
    assert str(record) == "data  800 examples\n\n→ nothing found"


def test_a_sick_record_names_the_fault_its_evidence_and_what_to_look_at():
    record = Examination(
        findings=[FOUND, Finding("overfitting", 0.4, "A gap.", "the number of images")], seen={"outputs": "from 0.50 to 0.73"}
    )
    assert not record.healthy
    assert str(record).splitlines() == [
        "outputs  from 0.50 to 0.73",
        "",
        "→ it points to: sigmoid twice",
        "  No output is below 0.50.",
        "  look at: the decoder's last layer",
        "  then: overfitting",
        "  A gap.",
        "  look at: the number of images",
    ]


def test_in_jupyter_it_is_one_line_with_its_marks_escaped():
    record = Examination(findings=[Finding("a < b", 1.0, "", "")])
    assert record._repr_html_() == "<p>Examination: it points to: a &lt; b</p>"

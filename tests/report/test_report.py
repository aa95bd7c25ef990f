"""The report: everything that was done, in one page that stands alone."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from heliid.data.campaign import Use
from heliid.export.page import Cell, Facts, Figure, Heading, Remark, Table, Text, page_html
from heliid.export.report import MAX_BYTES, ReportInput, study_blocks, study_report
from heliid.export.report_figures import history_panels
from heliid.export.svg import panel_svg
from heliid.validation import DEFAULT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(finished):
    result, judged = finished
    return study_report(result, ReportInput(judged, "heliid identify --seed 1", "2026-01-02"))


def test_page_stands_alone_and_is_small(page):
    assert len(page.encode()) < MAX_BYTES
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "url(" not in page
    assert "@import" not in page


def test_page_is_well_formed(page):
    body = page[page.index("<main>") : page.index("</main>") + 7]
    ET.fromstring(body)


def test_every_link_of_the_contents_has_its_place(page):
    links = re.findall(r'href="#([^"]+)"', page)
    assert len(links) >= 10
    assert len(set(links)) == len(links)
    for link in links:
        assert f'id="{link}"' in page


def test_names_from_files_are_text_not_markup(page):
    assert "sweep <1>" not in page
    assert "sweep &lt;1&gt;" in page


def test_page_says_what_was_done(page, finished):
    result, _ = finished
    for wanted in (
        "heliid identify --seed 1",
        "2026-01-02",
        "scored once, at the end",
        "best linear model",
        result.campaign.records[0].source.sha256[:16],
        result.model.provenance["versions"]["numba"],
    ):
        assert wanted in page


def test_without_test_records_the_page_warns(finished):
    result, judged = finished
    only = {use: report for use, report in judged.items() if use is not Use.TEST}
    assert "No test record was scored" in study_report(result, ReportInput(only))


def test_every_record_and_output_has_its_history(page):
    for name in ("q: free run", "theta: free run"):
        assert page.count(f"<title>{name}</title>") == 4  # c, d, and the two training records
    assert page.count("<title>residual, measured - model</title>") == 8


def test_histories_are_in_the_units_of_the_header(finished):
    _, judged = finished
    report = judged[Use.VALIDATE]
    one = report.records[0]
    upper, lower = history_panels(one, None, 0)
    assert upper.y_label == "q [deg/s]"
    assert np.allclose(upper.curves[0].y, np.degrees(one.measured[:, 0]))
    assert np.allclose(lower.curves[0].y, np.degrees(one.measured[:, 0] - one.simulated[:, 0]))


def test_edited_limits_are_shown_as_edited(finished):
    from heliid.study.judgement import judge_study

    result, _ = finished
    _, judged = judge_study(result, thresholds=DEFAULT.edited({"theil_limit": 0.42}))
    text = study_report(result, ReportInput(judged))
    assert "0.42 (edited, was 0.3)" in text


def test_long_records_make_a_coarser_page_not_a_bigger_one(finished):
    """90 copies of a record of 20 000 samples still fit."""
    result, judged = finished
    report = judged[Use.VALIDATE]
    one = report.records[0]
    n = 20_000
    rng = np.random.default_rng(0)
    long = dataclasses.replace(
        one, time=np.arange(n) * 0.1, measured=rng.standard_normal((n, 2)),
        simulated=rng.standard_normal((n, 2)), u=rng.standard_normal((n, 1)),
        envelope=dataclasses.replace(one.envelope, outside=np.zeros(n, bool)),
    )  # fmt: skip
    many = dataclasses.replace(report, records=(long,) * 90, linear=None)
    text = study_report(result, ReportInput({**judged, Use.VALIDATE: many}))
    assert len(text.encode()) < MAX_BYTES
    assert "more are not" in text


def test_blocks_are_plain_values_for_other_printers(finished):
    result, judged = finished
    blocks = study_blocks(result, ReportInput(judged))
    assert {type(block) for block in blocks} >= {Heading, Text, Table, Facts, Figure, Remark}


def test_verdicts_do_not_need_colour():
    text = page_html("t", "s", [Table(("a",), ((Cell("0.4", "bad", 'limit "0.3"'),),))])
    assert "✗ 0.4" in text
    assert 'title="limit &quot;0.3&quot;"' in text


@pytest.mark.gui
def test_qt_reads_every_picture_of_the_page(page, qapp):
    from PySide6.QtCore import QByteArray
    from PySide6.QtSvg import QSvgRenderer

    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) > 10
    assert all(QSvgRenderer(QByteArray(one.encode())).isValid() for one in pictures)


def test_diverged_run_is_drawn_inside_its_panel(finished):
    _, judged = finished
    one = judged[Use.VALIDATE].records[0]
    wild = dataclasses.replace(one, simulated=one.simulated + 1e6)
    for panel in history_panels(wild, None, 0):
        ET.fromstring(panel_svg(panel))


def test_the_bad_end_of_the_runs_has_a_table_and_a_curve(finished, page):
    from heliid.export.report_tails import piece_errors, tail_blocks
    from heliid.training.risk import cvar

    report = finished[1][Use.TRAIN]
    errors = piece_errors(report.records)
    table = next(block for block in tail_blocks(report) if isinstance(block, Table))
    row = dict(zip(table.header, table.rows[0], strict=True))
    assert row["pieces"] == str(errors.size)
    assert float(row["CVaR 90%"]) == pytest.approx(cvar(errors, 0.9), abs=5e-4)
    assert float(row["worst"]) == pytest.approx(errors[-1], abs=5e-4)
    assert [one for one in tail_blocks(report) if isinstance(one, Figure)]
    assert "Value at risk" in page


def test_too_few_pieces_have_no_tail(finished):
    from heliid.export.report_tails import tail_blocks

    report = finished[1][Use.TRAIN]
    assert tail_blocks(dataclasses.replace(report, records=())) == []


def test_residual_table_counts_what_the_verdict_counts(finished):
    """A table with another bound than the verdict's said 71 % where the verdict said 10 %."""
    result, judged = finished
    blocks = study_blocks(result, ReportInput(judged))
    table = next(b for b in blocks if isinstance(b, Table) and b.header[2:4] == ("auto", "input"))
    test = judged[Use.VALIDATE].records[0].residual_tests[0]
    cross = max(c.outside_corrected for c in test.correlations if c.kind == "cross")
    assert table.rows[0][3].text == f"{100 * cross:.0f} %"

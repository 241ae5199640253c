"""The files of a test report are read back by the programs and people they are for."""

import base64
import csv
import dataclasses
import io
import json
import math
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from neurotrain.engine.report import write_reports
from neurotrain.engine.report_wording import duration_text, number_text
from neurotrain.recorder import results
from neurotrain.recorder.results import SampleScore
from neurotrain.visualizer.confusion import draw_confusion
from neurotrain.visualizer.curves import draw_curves
from neurotrain.visualizer.samples import draw_segmentation

HOSTILE = '=cmd|\'/c calc\'!A0<script>alert("1")</script>&amp;{{ 7*7 }}\x1b[31m\n"'
FILES = ["metrics.csv", "metrics.json", "per_sample.csv", "report.html", "report.txt"]


def segmentation(values=(0.9, 0.4, 0.7), **changes):
    """A test of a segmentation with these values of Dice."""
    samples = tuple(
        SampleScore(id=f"case-{at}", loss=1 - value, metrics={"dice": value, "accuracy": 0.9})
        for at, value in enumerate(values)
    )
    result = results.TestResult(
        run="eyes", spec="specs/eyes.yaml", task="segmentation", classes=("rest", "vessel"),
        synthetic=False, weights="train/checkpoints/best.pth, epoch 4", scored_inside_roi=True,
        main_metric="dice", overall={"dice": 0.8123456789, "accuracy": 0.95, "loss": 0.25},
        per_class={"rest": {"dice": 0.97, "accuracy": 0.98}, "vessel": {"dice": 0.8123456789}},
        confusion=((900, 10), (20, 70)), samples=samples, seconds=12.5,
    )  # fmt: skip
    return dataclasses.replace(result, **changes)


def classification(**changes):
    """A test of a classification with one error in three."""
    answers = [("cat", "cat", 0.1), ("dog", "cat", 2.5), ("dog", "dog", 0.3)]
    samples = tuple(
        SampleScore(id=f"pet-{at}", loss=loss, metrics={}, truth=truth, prediction=said)
        for at, (truth, said, loss) in enumerate(answers)
    )
    return dataclasses.replace(
        segmentation(), task="classification", classes=("cat", "dog"), scored_inside_roi=False,
        main_metric="accuracy", overall={"accuracy": 2 / 3, "loss": 0.97},
        per_class={"cat": {"accuracy": 1.0}, "dog": {"accuracy": 0.5}},
        confusion=((1, 0), (1, 1)), samples=samples, **changes,
    )  # fmt: skip


def written(folder, result, pictures=(), plots=()):
    """The texts of the report's files by name."""
    write_reports(result, folder, pictures=pictures, plots=plots)
    return {name: (folder / name).read_bytes().decode() for name in FILES}


def strict(text):
    """JSON as a parser reads it that knows no NaN."""

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def rows(text):
    """The rows of a table as dictionaries."""
    return list(csv.DictReader(io.StringIO(text)))


class Page(HTMLParser):
    """What a browser sees of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.words, self.sources = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                self.links.append(value)
            if tag == "img" and name == "src":
                self.sources.append(value)

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        """All words of the page."""
        return " ".join(" ".join(self.words).split())


def picture(folder, title):
    """The picture of a small sample."""
    labels = np.indices((16, 16)).sum(0) % 2
    return draw_segmentation(
        folder / "predictions" / f"sample_{abs(hash(title))}.png", image_CHW=np.zeros((1, 16, 16)),
        truth_HW=labels, prediction_HW=labels, roi_HW=None, classes=("a", "b"), title=title,
    )  # fmt: skip


def test_exactly_these_files_are_written(tmp_path):
    """No temporary file stays, and a second report replaces the first."""
    for run in ("first", "second"):
        written(tmp_path / "test", segmentation(run=run))
    assert sorted(file.name for file in (tmp_path / "test").iterdir()) == FILES
    assert json.loads((tmp_path / "test" / "metrics.json").read_text())["run"] == "second"


def test_same_result_same_bytes(tmp_path):
    """No time, host or path of the machine is in a report."""
    assert written(tmp_path / "a", segmentation()) == written(tmp_path / "b", segmentation())


def test_metrics_json_holds_the_scores_in_full_precision(tmp_path):
    """Overall and per class under the names that other programs look for."""
    read = strict(written(tmp_path, segmentation())["metrics.json"])
    assert read["overall"]["dice"] == 0.8123456789
    assert read["per_class"]["vessel"]["dice"] == 0.8123456789
    assert read["confusion"] == [[900, 10], [20, 70]]
    assert read["num_samples"] == 3
    assert read["main_metric"] == "dice"
    assert read["weights"] == "train/checkpoints/best.pth, epoch 4"
    assert read["synthetic"] is False
    assert read["non_finite"] == {}


def test_numbers_that_json_lacks_are_null_and_listed(tmp_path):
    """Each has a JSON pointer to its place, also through names with slashes."""
    result = segmentation(
        overall={"dice": math.nan, "loss": math.inf}, per_class={"a/b~c": {"dice": -math.inf}}
    )
    read = strict(written(tmp_path, result)["metrics.json"])
    assert read["overall"] == {"dice": None, "loss": None}
    assert read["non_finite"] == {
        "/overall/dice": "NaN", "/overall/loss": "Infinity", "/per_class/a~1b~0c/dice": "-Infinity",
    }  # fmt: skip


def test_metrics_csv_has_a_row_for_the_whole_and_each_class(tmp_path):
    """Values a class does not have are empty."""
    table = rows(written(tmp_path, segmentation())["metrics.csv"])
    assert [(row["scope"], row["class"]) for row in table] == [
        ("overall", ""), ("class", "rest"), ("class", "vessel"),
    ]  # fmt: skip
    assert float(table[0]["dice"]) == 0.8123456789
    assert table[2]["accuracy"] == ""


def test_per_sample_csv_starts_with_the_worst(tmp_path):
    """Every sample has its row."""
    table = rows(written(tmp_path, segmentation())["per_sample.csv"])
    assert [row["id"] for row in table] == ["case-1", "case-2", "case-0"]
    assert [float(row["dice"]) for row in table] == [0.4, 0.7, 0.9]


def test_per_sample_csv_of_a_classification_holds_the_answers(tmp_path):
    """Truth, prediction and whether they agree; the error first."""
    table = rows(written(tmp_path, classification())["per_sample.csv"])
    assert [row["id"] for row in table] == ["pet-1", "pet-2", "pet-0"]
    assert (table[0]["truth"], table[0]["prediction"], table[0]["correct"]) == ("dog", "cat", "0")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path, start):
    """A spreadsheet takes no name for a formula; negative numbers stay numbers."""
    name = f"{start}1+1"
    sample = SampleScore(id=name, loss=-0.5, metrics={name: -1.0})
    result = segmentation(
        classes=(name, "b"), overall={name: -1.0}, per_class={name: {name: -2.0}},
        main_metric=name, samples=(sample,),
    )  # fmt: skip
    files = written(tmp_path, result)
    for table in ("metrics.csv", "per_sample.csv"):
        cells = [cell for row in csv.reader(io.StringIO(files[table], newline="")) for cell in row]
        bad = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert all(math.isfinite(float(cell)) for cell in bad)
        assert f"'{name}".replace("\r", "\ufffd") in cells


@pytest.mark.parametrize("make", [segmentation, classification])
def test_text_fits_eighty_columns(tmp_path, make):
    """Long names, many classes and many metrics included."""
    metrics = {f"metric_with_a_long_name_{number}": 1e-9 * number for number in range(9)}
    classes = tuple(f"class number {number} " + "x" * 90 for number in range(30))
    result = dataclasses.replace(
        make(), run="r" * 200, spec="s" * 200, weights="w" * 300, classes=classes,
        overall=metrics, per_class={name: metrics for name in classes},
        confusion=tuple((0,) * 30 for _ in range(30)),
        samples=tuple(
            SampleScore(
                id="i" * 200, loss=-1e-12, metrics=metrics, truth="t" * 99, prediction="p" * 99
            )
            for _ in range(40)
        ),
    )  # fmt: skip
    lines = written(tmp_path, result)["report.txt"].splitlines()
    assert max(map(len, lines)) <= 80
    assert not any(line != line.rstrip() for line in lines)


def test_text_tells_what_was_scored_and_how(tmp_path):
    """Weights, region, pooling, the interval's method and its source."""
    text = " ".join(written(tmp_path, segmentation())["report.txt"].split())
    for words in (
        "Overall dice: 0.8123", "best.pth, epoch 4", "only pixels inside the region of interest",
        "pooled over all scored pixels", "percentile bootstrap (Efron 1979)", "seed 1979",
        "Annals of Statistics", "Worst 3 samples", "case-1",
    ):  # fmt: skip
        assert words in text


def test_text_without_a_region_says_all_pixels(tmp_path):
    """Nothing claims a region where there was none."""
    text = written(tmp_path, segmentation(scored_inside_roi=False))["report.txt"]
    assert "all pixels" in text
    assert "region" not in text


@pytest.mark.parametrize("name", ["report.txt", "report.html"])
def test_synthetic_data_is_told(tmp_path, name):
    """Before the score in both reports, and only where it is true."""
    told = written(tmp_path / "a", segmentation(synthetic=True))[name]
    assert told.index("Synthetic data") < told.index("0.8123")
    assert "ynthetic" not in written(tmp_path / "b", segmentation())[name]


def test_classification_lists_the_misclassified(tmp_path):
    """With truth and prediction instead of a table of the worst."""
    text = written(tmp_path, classification())["report.txt"]
    assert "Misclassified: 1 of 3 samples" in text
    (line,) = [line for line in text.splitlines() if line.startswith("pet-")]
    assert line.split() == ["pet-1", "dog", "cat", "2.5000"]


def test_classification_without_errors(tmp_path):
    """There is nothing to list."""
    right = SampleScore(id="pet", loss=0.1, metrics={}, truth="cat", prediction="cat")
    files = written(tmp_path, dataclasses.replace(classification(), samples=(right,)))
    assert "Misclassified: 0 of 1 sample\n" in files["report.txt"]


@pytest.mark.parametrize("values", [(), (0.5,), (math.nan,), (math.nan, math.inf, 0.1)])
def test_odd_samples_make_reports(tmp_path, values):
    """None, one, and undefined ones."""
    files = written(tmp_path, segmentation(values))
    assert strict(files["metrics.json"])["num_samples"] == len(values)
    assert len(rows(files["per_sample.csv"])) == len(values)
    assert "</html>" in files["report.html"]
    assert "nan" not in files["report.txt"].lower()


def test_undefined_samples_are_told(tmp_path):
    """The text says how many are left out of which value."""
    text = " ".join(written(tmp_path, segmentation((0.5, 0.6, math.nan)))["report.txt"].split())
    assert "1 sample left out of dice" in text


def test_page_needs_nothing_from_outside(tmp_path):
    """Every reference is a data URI, and nothing runs."""
    plots = [
        draw_confusion(
            ((900, 10), (20, 70)), ("rest", "vessel"), tmp_path / "confusion_matrix.png"
        ),
        *draw_curves({"train/loss": [(1, 1.0), (2, 0.5)]}, tmp_path / "plots"),
    ]
    pictures = [picture(tmp_path, f"case-{at}") for at in range(3)]
    text = written(tmp_path, segmentation(), pictures, plots)["report.html"]
    page = Page(text)
    assert len(page.sources) == 5
    assert all(link.startswith("data:image/") for link in page.links)
    assert not {"script", "link", "iframe", "object", "base"} & set(page.tags)
    assert "@import" not in text
    assert "url(" not in text


def test_embedded_pictures_are_the_files(tmp_path):
    """A small picture is inside byte for byte."""
    plots = draw_curves({"train/loss": [(1, 1.0), (2, 0.5)]}, tmp_path / "plots")
    (source,) = Page(written(tmp_path, segmentation(), (), plots)["report.html"]).sources
    assert base64.b64decode(source.split(",")[1]) == plots[0].read_bytes()


def test_large_pictures_are_made_smaller(tmp_path):
    """A page with photographs can still be sent by e-mail."""
    noise = np.random.default_rng(0).integers(0, 255, (900, 2400, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    page = Page(written(tmp_path, segmentation(), [tmp_path / "large.png"])["report.html"])
    kind, content = page.sources[0].split(",")
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        assert (kind, image.format) == ("data:image/jpeg;base64", "JPEG")
        assert image.size == (1800, 675)


def test_pictures_stand_from_worst_to_best(tmp_path):
    """With the score and the rank of their sample; a foreign picture comes last."""
    Image.new("RGB", (8, 8)).save(tmp_path / "foreign.png")
    pictures = [tmp_path / "foreign.png", *(picture(tmp_path, f"case-{at}") for at in range(3))]
    text = Page(written(tmp_path, segmentation(), pictures)["report.html"]).text
    ranks = ("dice 0.4000; worst of 3", "dice 0.7000; no. 2 of 3", "dice 0.9000; best of 3")
    places = [text.index(words) for words in (*ranks, "foreign.png")]
    assert places == sorted(places)


def test_of_many_pictures_the_worst_and_the_best_are_shown(tmp_path):
    """Ten at most."""
    pictures = [picture(tmp_path, f"case-{at}") for at in range(14)]
    result = segmentation(tuple(at / 14 for at in range(14)))
    text = written(tmp_path, result, pictures)["report.html"]
    assert len(Page(text).sources) == 10
    assert "worst of 14" in text
    assert "best of 14" in text


def test_a_missing_picture_is_an_error(tmp_path):
    """A report does not silently lack what it was given."""
    with pytest.raises(FileNotFoundError):
        write_reports(segmentation(), tmp_path, pictures=[tmp_path / "no.png"], plots=[])


@pytest.mark.parametrize("make", [segmentation, classification])
def test_hostile_names_stay_words(tmp_path, make):
    """No name becomes a tag, a template, a control code of the terminal or a line of its own."""
    sample = SampleScore(
        id=HOSTILE, loss=0.5, metrics={HOSTILE: 0.1}, truth=HOSTILE, prediction="b"
    )
    result = dataclasses.replace(
        make(), run=HOSTILE, spec=HOSTILE, weights=HOSTILE, classes=(HOSTILE, "b"),
        main_metric=HOSTILE, overall={HOSTILE: 0.5}, per_class={HOSTILE: {HOSTILE: 0.5}},
        samples=(sample,),
    )  # fmt: skip
    files = written(tmp_path, result, [picture(tmp_path, HOSTILE)])
    page = Page(files["report.html"])
    assert "script" not in page.tags
    assert '<script>alert("1")</script>&amp;{{ 7*7 }}' in page.text
    assert "\x1b" not in files["report.txt"]
    assert strict(files["metrics.json"])["run"] == HOSTILE
    assert rows(files["per_sample.csv"])[0]["id"] == f"'{HOSTILE}"


def test_names_that_are_no_unicode_are_written(tmp_path):
    """A file name of undecodable bytes neither stops the report nor breaks its encoding."""
    sample = SampleScore(id="scan-\udcff", loss=0.5, metrics={"dice": 0.1})
    files = written(tmp_path, segmentation(samples=(sample,)))
    assert "scan-\\udcff" in files["per_sample.csv"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8312345, "0.8312"), (0.0, "0.0000"), (-0.5, "-0.5000"), (1e-9, "1e-09"),
     (123456.0, "1.235e+05"), (math.nan, "–"), (math.inf, "infinite")],
)  # fmt: skip
def test_numbers_are_short(value, text):
    """Four decimals for scores, four digits for the rest."""
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.21, "3.2 s"), (75.0, "1 min 15 s"), (7260.0, "2 h 1 min")]
)
def test_times_are_told_in_two_units(seconds, text):
    """As people say them."""
    assert duration_text(seconds) == text

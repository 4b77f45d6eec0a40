# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the release and of all workflows: what they need, and what they write."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import release
from scripts.devtools.__main__ import parser
from scripts.devtools.soak_methods import METHODS
from scripts.packaging import archive, blender_tool, readiness
from scripts.packaging.errors import PackageError

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
PAGE = WORKFLOW.with_name("page.yml")
CHANGELOG = "# Changelog\n\n## 1.2.0 (2026-12-31)\n\n- New.\n\n## 1.1.0 (2026-11-30)\n\n- Old.\n"


# -- What a release needs


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """Return a small clone that is ready, with everything that is asked about."""
    (tmp_path / "blender_manifest.toml").write_text('version = "1.2.0"\n')
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    git(tmp_path, "tag", "v1.2.0")
    monkeypatch.setattr(archive, "ROOT", tmp_path)
    return tmp_path


def git(folder: Path, *words: str) -> None:
    """Run git as somebody."""
    somebody = ["-c", "user.name=Somebody", "-c", "user.email=somebody@mint.example"]
    subprocess.run(["git", *somebody, *words], cwd=folder, check=True)


def commit(folder: Path) -> None:
    """Commit all files."""
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Change it")


def test_a_commit_with_the_tag_of_its_version_is_ready(clone, capsys):
    """Nothing hinders it; the notes are the newest section of the changelog."""
    assert readiness.problems() == readiness.problems("v1.2.0") == []
    assert release.main(["--check"]) == 0
    assert capsys.readouterr().err == "Ready.\n"
    assert readiness.notes() == "- New.\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"),
    [
        ("pyproject.toml", "1.2.0", "1.3.0", "Make them the same"),
        ("CHANGELOG.md", "## 1.2.0 (2026-12-31)", "", "CHANGELOG.md is 1.1.0"),
        ("CHANGELOG.md", "2026-12-31", "unreleased", 'says "unreleased" for 1.2.0'),
        ("blender_manifest.toml", "\n", "\n# later\n", "no tag. To release 1.2.0"),
    ],
    ids=["versions", "section", "date", "tag"],
)
def test_a_commit_that_is_not_ready_says_why(clone, capsys, name, old, new, sentence):
    """Each reason is a sentence, the exit status is 1, and nothing is written."""
    text = (clone / name).read_text()
    (clone / name).write_text(text.replace(old, new))
    commit(clone)
    tagged = old != "\n"
    if tagged:
        git(clone, "tag", "--force", "v1.2.0")
    words = [str(clone / "new"), "--tag", "v1.2.0"] if tagged else ["--check"]
    assert release.main(words) == 1
    told = capsys.readouterr().err
    is_decision = name == "blender_manifest.toml" or new == "unreleased"
    last = "Nothing else is missing. A person decides this." if is_decision else "Not ready."
    assert sentence in told and told.endswith(f"{last}\n")
    assert len(told.splitlines()) == 2
    assert not (clone / "new").exists()


def test_changes_and_another_tag_are_named(clone):
    """A release is a commit, and its tag is that of the version."""
    (clone / "new.py").write_text("")
    assert len(readiness.problems()) == 1 and "not committed" in readiness.problems()[0]
    commit(clone)
    git(clone, "tag", "v1.1.0")
    (problem,) = readiness.problems("v1.1.0")
    assert "has the tag v1.1.0. To release 1.2.0: git tag v1.2.0" in problem


def test_a_tag_at_another_commit_is_refused(clone, capsys):
    """What is built is what is checked out, so the named tag has to be there."""
    git(clone, "tag", "-m", "With a message", "v1.2.1")
    (clone / "new.py").write_text("")
    commit(clone)
    assert release.main([str(clone / "new"), "--tag", "v1.2.0"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("The tag v1.2.0 is at commit ")
    assert told.endswith("git checkout v1.2.0\nNot ready.\n") and len(told.splitlines()) == 2
    assert not (clone / "new").exists()
    git(clone, "checkout", "-q", "v1.2.1")  # a tag with a message is an object of its own
    assert [each for each in readiness.problems("v1.2.1") if "checked out" in each] == []


def test_a_tag_that_does_not_exist_is_refused(clone):
    """A name of a branch or a typo is no tag."""
    git(clone, "branch", "v1.2.0-branch")
    (problem, _) = readiness.problems("v1.2.0-branch")
    assert problem == (
        "This clone has no tag v1.2.0-branch. Fetch it: git fetch origin tag v1.2.0-branch"
    )


def test_outside_of_a_clone_it_says_so(tmp_path, monkeypatch, capsys):
    """Without a repository there is a sentence and no traceback."""
    for name in ("blender_manifest.toml", "pyproject.toml", "CHANGELOG.md"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(archive, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert release.main(["--check"]) == 1
    assert "in a clone of the repository" in capsys.readouterr().err


# -- What it writes


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a release that is not compressed."""
    folder = tmp_path_factory.mktemp("build") / "release"
    with (
        pytest.MonkeyPatch.context() as patch
    ):  # tests/scripts/test_repository.py validates the archives
        patch.setattr(blender_tool, "validate", lambda archive, tool: None)
        release.write(folder, compressed=False)
    return folder


@pytest.mark.blender
@pytest.mark.one_blender
def test_the_release_has_everything_with_its_checksum(written):
    """Archive, repository, wheel, source distribution and notes are listed in SHA256SUMS."""
    lines = (written / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    for name, digest in listed.items():
        assert hashlib.sha256((written / name).read_bytes()).hexdigest() == digest
    version = archive.version()
    assert set(listed) >= {
        "NOTES.md",
        "repository.zip",
        f"python/mint_blender-{version}-py3-none-any.whl",
        f"python/mint_blender-{version}.tar.gz",
        f"repository/mint_blender-{version}.zip",
        "repository/index.html",
        "repository/index.json",
    }
    with pytest.raises(PackageError, match="Name an empty folder"):
        release.write(written)


@pytest.mark.blender
@pytest.mark.one_blender
def test_every_file_that_the_workflow_names_is_written(written):
    """Each path and pattern under build/release in the workflow finds files of the release."""
    named = re.findall(r"build/release(/[^\s\"]+)?", WORKFLOW.read_text(encoding="utf-8"))
    patterns = {name.removeprefix("/") for name in named if name}
    assert len(patterns) >= 6
    assert [pattern for pattern in patterns if not list(written.glob(pattern))] == []


# -- The workflow


def jobs_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return the jobs of a workflow by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return found


def commands_of(*jobs: dict[str, Any]) -> list[list[str]]:
    """Return the words of each command of these jobs."""
    steps = [step for job in jobs for step in job.get("steps", [])]
    return [shlex.split(step["run"], comments=True) for step in steps if "run" in step]


def test_every_command_of_the_workflow_exists():
    """A step runs a script or a command of this project, or git and gh, which the host has."""
    ran = commands_of(*jobs_of(WORKFLOW).values())
    known = parser()._subparsers._group_actions[0].choices
    for words in ran:
        if words[:2] == ["python3", "scripts/dev.py"]:
            assert words[2] in known
        else:
            assert words[0] in ("git", "gh") or (ROOT / words[0]).is_file(), words
    (making,) = [words[3:] for words in ran if words[2:3] == ["release"]]
    options = release.parser().parse_args([word for word in making if word != "--install"])
    assert (options.folder, options.tag) == (Path("build/release"), "$GITHUB_REF_NAME")
    assert not options.draft


def test_the_workflow_follows_the_tag_and_its_jobs_each_other():
    """Nothing is built before the tests have passed, or published before it is built."""
    told = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert told[True] == {"push": {"tags": ["v*"]}}  # YAML reads the word "on" as true
    needs = {name: job.get("needs") for name, job in told["jobs"].items()}
    assert needs == {"test": None, "build": "test", "draft": "build"}
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "pages" not in text and "--draft" in text


def test_the_page_follows_the_published_release():
    """The page of a draft is put online once a person has published the draft, not before."""
    told = yaml.safe_load(PAGE.read_text(encoding="utf-8"))
    assert told[True] == {"release": {"types": ["published"]}}
    (job,) = told["jobs"].values()
    assert "!github.event.release.prerelease" in job["if"]
    ran = commands_of(job)
    assert [words[0] for words in ran] == ["gh", "sha256sum", "unzip"]
    downloaded = {word for last, word in itertools.pairwise(ran[0]) if last == "--pattern"}
    assert downloaded == {"repository.zip", "SHA256SUMS"}
    attached = WORKFLOW.read_text(encoding="utf-8").partition("gh release create")[2]
    assert all(f"build/release/{name} " in attached for name in downloaded)
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert [each.partition("@")[0] for each in used] == [
        "actions/upload-pages-artifact",
        "actions/deploy-pages",
    ]


@pytest.mark.blender
@pytest.mark.one_blender
def test_the_page_is_checked_and_unpacked_as_it_was_looked_at(written, tmp_path):
    """The commands of the workflow, after its download, leave the files of the draft."""
    for name in ("repository.zip", "SHA256SUMS"):
        (tmp_path / name).write_bytes((written / name).read_bytes())
    _, check, unpack = commands_of(*jobs_of(PAGE).values())
    for words in (check, unpack):
        subprocess.run(words, cwd=tmp_path, check=True)
    before, after = (
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in files(folder)}
        for folder in (written / "repository", tmp_path / "repository")
    )
    assert before == after
    (tmp_path / "repository.zip").write_bytes(b"cut off")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode != 0


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_tests_of_a_release_are_those_of_each_change():
    """The first job is the whole workflow that tests a change, which can be called."""
    told = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    called = ROOT / told["jobs"]["test"]["uses"]
    assert "workflow_call" in yaml.safe_load(called.read_text(encoding="utf-8"))[True]
    assert "run: .ci/run" in called.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(WORKFLOW.parent.glob("*.yml")), ids=lambda path: path.stem)
def test_a_workflow_pins_actions_holds_no_secret_and_may_only_read(path):
    """A tag can be moved to other code, and code from a pull request must not be able to write."""
    text = path.read_text(encoding="utf-8")
    used = [each for each in re.findall(r"uses: (.+)", text) if not each.startswith("./")]
    pinned = re.compile(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert used and [each for each in used if not pinned.fullmatch(each)] == []
    words = ("secrets", "pypi", "://", "api_key", "_target")
    assert not [word for word in words if word in text.lower()]
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


# -- the workflows that test each change, and every night: their commands exist, actions are pinned


TESTS = ROOT / ".github" / "workflows" / "test.yml"
NIGHTLY = TESTS.with_name("nightly.yml")


@pytest.mark.parametrize("path", [TESTS, NIGHTLY], ids=lambda path: path.stem)
def test_every_command_exists(path: Path) -> None:
    """The parser of dev.py takes each of its commands, and scripts are there to be run."""
    ran = commands_of(*jobs_of(path).values())
    assert len(ran) == 3
    for words in ran:
        if words[1:2] == ["scripts/dev.py"]:
            own = words[2 : words.index("--")] if "--" in words else words[2:]
            if own[0] == "soak":
                assert own[1] in METHODS
            else:
                assert parser().parse_args(own).command == "test"
        else:
            assert os.access(ROOT / words[0], os.X_OK) and len(words) == 1

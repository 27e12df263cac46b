"""Rules that the repository as a whole keeps."""

import ast
import gzip
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import podfsm

# Forbidden texts are put together from pieces here, so that this file does not contain them itself.
WORKPLACE = [
    "/" + "work/(main|shared|[.]library)",
    "[.][.]/" + "shared",
    "/tmp/" + "(venv|brief)",
    "/opt/" + "(pypi|wheels)",
]
REGISTRY_HOSTS = [
    rf"\b{name}\.{domain}\b"
    for name, domain in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "(org|com)"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("proxy\\.golang", "org"),
        ("maven\\.apache", "org"),
        ("repo1\\.maven", "org"),
        ("rubygems", "org"),
    ]
]
UNFINISHED = [rf"\b{first}{second}\b" for first, second in [("TO", "DO"), ("FIX", "ME"), ("X", "XX")]]

# Words of the lifecycle: they belong to model/podfsm/tables, and to no code and no template.
LIFECYCLE = """
    Pending Running Succeeded Failed Completed Always OnFailure Never Waiting Terminated Terminating Evicted Preempting
    CrashLoopBackOff ImagePullBackOff ErrImagePull ErrImageNeverPull InvalidImageName CreateContainerConfigError
    CreateContainerError RunContainerError PostStartHookError ContainerCreating PodInitializing ContainerCannotRun
    ContainerStatusUnknown DeadlineExceeded OOMKilled NodeLost NodeAffinity NodeShutdown Shutdown
    UnexpectedAdmissionError OutOfcpu OutOfmemory OutOfpods RestartingAllContainers PodScheduled
    PodReadyToStartContainers Initialized
    ContainersReady ContainersNotReady ContainersNotInitialized ReadinessGatesNotReady PodCompleted PodFailed
    DisruptionTarget Unschedulable SchedulingGated SchedulerError PreemptionByScheduler EvictionByEvictionAPI
    DeletionByTaintManager DeletionByPodGC TerminationByKubelet PodResizePending PodResizeInProgress BackOff
""".split()
LIFECYCLE_WORD = re.compile(rf"\b({'|'.join(LIFECYCLE)})\b")


def tracked(root: Path) -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    return [path for path in listing.decode().split("\0") if path and (root / path).is_file()]


def texts(root: Path) -> Iterator[tuple[str, str]]:
    for path in tracked(root):
        data = (root / path).read_bytes()
        if path.endswith(".gz"):
            data = gzip.decompress(data)
        if b"\0" not in data[:8192]:
            yield path, data.decode(errors="replace")


def found(pattern: str, path: str, text: str) -> list[str]:
    return [f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}" for match in re.finditer(pattern, text)]


def packaged(root: Path, suffix: str) -> Iterator[tuple[str, str]]:
    package = root / "model" / "podfsm"
    for path in sorted(package.rglob(f"*{suffix}")):
        yield path.relative_to(root).as_posix(), path.read_text()


def literals(source: str) -> Iterator[ast.Constant]:
    """Yield the strings of a module other than docstrings, the parts of f-strings included."""
    tree = ast.parse(source)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in documentation:
            yield node


def lifecycle_words_in_python(path: str, source: str) -> list[str]:
    return [
        f"{path}:{node.lineno}: {match[0]}"
        for node in literals(source)
        for match in LIFECYCLE_WORD.finditer(
            node.value if isinstance(node.value, str) else node.value.decode(errors="replace")  # type: ignore[union-attr]
        )
    ]


def lifecycle_words_in_template(path: str, source: str) -> list[str]:
    # Comments are blanked, not removed, so that lines keep their numbers.
    visible = re.sub(r"\{#.*?#\}", lambda comment: re.sub(r"[^\n]", " ", comment[0]), source, flags=re.DOTALL)
    return found(LIFECYCLE_WORD.pattern, path, visible)


def distribution_name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def dependencies(root: Path) -> list[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    groups = [project["build-system"]["requires"], project["project"]["dependencies"]]
    groups += project["project"].get("optional-dependencies", {}).values()
    groups += project["dependency-groups"].values()
    return [distribution_name(requirement) for group in groups for requirement in group]


@pytest.mark.parametrize("pattern", WORKPLACE + REGISTRY_HOSTS)
def test_no_file_speaks_of_the_place_where_it_was_written(repository: Path, pattern: str) -> None:
    assert not [hit for path, text in texts(repository) for hit in found(pattern, path, text)]


@pytest.mark.parametrize("pattern", UNFINISHED)
def test_nothing_is_left_unfinished(repository: Path, pattern: str) -> None:
    written = (pair for pair in texts(repository) if not pair[0].startswith("tests/data/"))
    assert not [hit for path, text in written for hit in found(pattern, path, text)]


def test_ci_runs_the_commands_of_the_readme(repository: Path) -> None:
    readme = (repository / "README.md").read_text()
    script = (repository / ".ci" / "run").read_text()
    main_job = "python3 -m pip install . && podfsm build"
    tests = "python3 -m pip install tox && tox"
    for command in (main_job, tests):
        assert f"\n{command}\n" in readme
    assert f"\n({tests})\n" in script
    assert f"\n({main_job} --check)\n" in script


def test_every_dependency_is_justified(repository: Path) -> None:
    section = (repository / "CONTRIBUTING.md").read_text().partition("\n## Dependencies\n")[2]
    justified = set(re.findall(r"^\| `([^`]+)` \| \S.*\|$", section, flags=re.MULTILINE))
    assert set(dependencies(repository)) | {"tox"} == justified


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_and_pictures_of_documents_exist(repository: Path, document: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (repository / document).read_text())
    assert not [link for link in links if not (repository / link).exists()]


def test_the_package_is_installed_whole(repository: Path) -> None:
    installed = Path(podfsm.__file__).parent
    prefix = "model/podfsm/"
    shipped = [path.removeprefix(prefix) for path in tracked(repository) if path.startswith(prefix)]
    assert "py.typed" in shipped
    assert not [path for path in shipped if not (installed / path).is_file()]


def test_the_changelog_has_the_version(repository: Path) -> None:
    assert f"\n## {podfsm.__version__}" in (repository / "CHANGELOG.md").read_text()


def test_no_lifecycle_word_in_python(repository: Path) -> None:
    assert not [hit for path, text in packaged(repository, ".py") for hit in lifecycle_words_in_python(path, text)]


def test_no_lifecycle_word_in_templates(repository: Path) -> None:
    assert not [hit for path, text in packaged(repository, ".j2") for hit in lifecycle_words_in_template(path, text)]


def test_the_search_for_lifecycle_words_finds_them() -> None:
    word = LIFECYCLE[0]
    source = f'"""{word} here."""\n# {word}\nx = "{word}"\ny = f"phase {word} {{x}}"\nz = b"{word}"\nw = "{word}ly"\n'
    assert sorted(lifecycle_words_in_python("a.py", source)) == [f"a.py:{line}: {word}" for line in (3, 4, 5)]
    template = f"{{# {word}\n{word} #}}\n{{{{ '{word}' }}}}\n{word}\n"
    assert lifecycle_words_in_template("a.j2", template) == [f"a.j2:{line}: {word}" for line in (3, 4)]

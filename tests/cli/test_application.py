import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from podfsm import __version__
from podfsm.cli.output import Console
from podfsm.errors import PodfsmError
from podfsm.requests import (
    BuildRequest,
    Cluster,
    DrawRequest,
    GenerateRequest,
    Request,
    ShowRequest,
    Status,
    VerifyRequest,
)

COMMANDS = ("build", "conform", "derive", "draw", "explain", "generate", "show", "verify")

Fake = Callable[[str, Callable[[Request], int]], None]


def fails_with(error: BaseException) -> Callable[[Request], int]:
    def run(_request: Request) -> int:
        raise error

    return run


@pytest.mark.parametrize("arguments", [(), *((command,) for command in COMMANDS)])
def test_help(podfsm: Any, arguments: tuple[str, ...]) -> None:
    result = podfsm(*arguments, "--help")
    assert result.status == Status.FINE
    assert result.out.startswith(f"Usage: {' '.join(('podfsm', *arguments))} ")
    # A mark for click that it has not understood.
    assert "\\b" not in result.out
    assert not result.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_common_options(podfsm: Any, command: str) -> None:
    """Those of `podfsm COMMAND --help` that the command line promises for all of them."""
    text = podfsm(command, "--help").out
    wanted = ("-o, --output", "--lang", "--kubernetes", "--gate", "--defects", "--tables")
    assert [option for option in wanted if option not in text] == []


def test_help_lists_every_command(podfsm: Any) -> None:
    listed = podfsm("--help").out.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()] == list(COMMANDS)


def test_help_imports_nothing_heavy() -> None:
    script = """if True:
        import sys
        from podfsm.cli import main
        assert main(["--help"]) == 0
        heavy = {"numba", "numpy", "jinja2", "rich", "msgspec", "transitions", "yaml", "fontTools", "graphviz"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def test_the_package_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "podfsm", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"podfsm {__version__} (Kubernetes ")
    assert subprocess.run([sys.executable, "-m", "podfsm", "buil"], capture_output=True, check=False).returncode == 2


@pytest.mark.parametrize("arguments", [["verify", "-f", "-"], ["verify", "--property", "no-such"], ["show", "no-such"]])
def test_a_refusal_does_not_wait_for_the_exploration(arguments: list[str]) -> None:
    script = f"""if True:
        import sys
        from podfsm.cli import main
        assert main({arguments}) == 2
        heavy = {{"numba", "numpy", "transitions", "fontTools"}}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", script], input=b"kind: Pot", capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b"no-such" in done.stderr or b"Pot" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--nonsense"], "No such option"),
        (["nonsense"], "No such command"),
        (["show"], "Missing argument 'ID'"),
        (["generate"], "Missing argument 'TARGET'"),
        (["verify", "-f", "no/such/file.yaml"], "does not exist"),
        (["verify", "-f", "."], "is a directory"),
        (["verify", "-f", "-", "-f", "-"], "can be read only once"),
        (["verify", "-o", "xml"], "is not one of"),
        (["verify", "--lang", "fr"], "is not one of"),
        (["verify", "--defects", "some"], "is not one of"),
        (["verify", "--limit", "0"], "not in the range"),
        (["verify", "--limit", "many"], "not a valid integer"),
        (["verify", "--gate", "SomeGate"], "is not NAME=true or NAME=false"),
        (["verify", "--gate", "SomeGate=maybe"], "is not NAME=true or NAME=false"),
        (["verify", "--gate", "=true"], "is not NAME=true or NAME=false"),
        (["verify", "--gate", "G=true", "--gate", "G=false"], "both to true and to false"),
        (["build", "--tables", "no/such/directory"], "does not exist"),
        (["build", "surplus"], "unexpected extra argument"),
        (["draw", "--format", "gif"], "is not one of"),
        (["draw", "--out", "x.svg"], "--out without a picture"),
        (["draw", "--current", "a", "--dot", "b"], "--current and --dot without a picture"),
        (["draw", "some-view", "--defects", "intended"], "--defects say how a pod is explored"),
        (["draw", "some-view", "--kubernetes", "1.36", "--gate", "A=true"], "--kubernetes and --gate say how"),
        (["draw", "v", "--property", "p", "--current", "a"], "cannot be highlighted in one picture"),
        (["verify", "--out", "no/such/x.json"], "Directory 'no/such' does not exist"),
        (["draw", "some-view", "--out", "no/such/x.svg"], "Directory 'no/such' does not exist"),
        (["build", "--out", "no/such", "--check"], "with --check nothing is written"),
        (["generate", "t", "--check", "--out", "no/such"], "with --check nothing is written"),
    ],
)
def test_bad_usage(podfsm: Any, arguments: list[str], complaint: str) -> None:
    result = podfsm(*arguments)
    assert result.status == Status.UNUSABLE
    assert complaint in result.err
    assert "Traceback" not in result.err
    assert not result.out


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (["build"], BuildRequest()),
        (["build", "--check", "--out", "d", "--tables", "."], BuildRequest(check=True, out=Path("d"), tables=Path())),
        (["verify"], VerifyRequest()),
        (
            "verify -f - -f pod.yaml --property a --property b --limit 9 -o json --kubernetes 1.36 --gate A=true "
            "--gate B=False --defects intended --lang ko --tables . --out o --verbose".split(),
            VerifyRequest(
                manifests=("-", "pod.yaml"),
                properties=("a", "b"),
                limit=9,
                output="json",
                cluster=Cluster(kubernetes="1.36", gates={"A": True, "B": False}, defects="intended"),
                lang="ko",
                tables=Path(),
                out=Path("o"),
                verbose=True,
            ),
        ),
        (
            "build -o json --lang ko --kubernetes 1.36 --gate A=true --defects intended".split(),
            BuildRequest(
                output="json", lang="ko", cluster=Cluster(kubernetes="1.36", gates={"A": True}, defects="intended")
            ),
        ),
        (["draw"], DrawRequest()),
        (
            "draw some-view --trace pod.yaml --property a --defects intended -o json".split(),
            DrawRequest(
                view="some-view", trace="pod.yaml", property="a", output="json", cluster=Cluster(defects="intended")
            ),
        ),
        (
            "generate t -o json --lang ko --gate A=true".split(),
            GenerateRequest(target="t", output="json", lang="ko", cluster=Cluster(gates={"A": True})),
        ),
        (
            "show a.b --kubernetes 1.33 --defects intended".split(),
            ShowRequest(id="a.b", cluster=Cluster(kubernetes="1.33", defects="intended")),
        ),
        (
            "draw some-view -f pod.yaml --out o.png --format png --defects intended --lang ko --tables .".split(),
            DrawRequest(
                view="some-view",
                manifest="pod.yaml",
                out=Path("o.png"),
                format="png",
                cluster=Cluster(defects="intended"),
                lang="ko",
                tables=Path(),
            ),
        ),
        (["show", "a.b"], ShowRequest(id="a.b")),
        (["show", "a.b", "-o", "json", "--lang", "ko"], ShowRequest(id="a.b", output="json", lang="ko")),
        (["generate", "t"], GenerateRequest(target="t")),
        (["generate", "t", "--out", "d", "--check"], GenerateRequest(target="t", out=Path("d"), check=True)),
        (["verify", "--out", "o.json"], VerifyRequest(out=Path("o.json"), output="json")),
        (["verify", "--out", "o.json", "-o", "text"], VerifyRequest(out=Path("o.json"))),
    ],
)
def test_arguments_become_a_request(
    podfsm: Any, fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], request_: Request
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pod.yaml").touch()
    (tmp_path / "d").mkdir()
    seen: list[Request] = []

    def run(request: Request) -> int:
        seen.append(request)
        return Status.UNDETERMINED

    fake(f"podfsm.{arguments[0]}", run)
    assert podfsm(*arguments).status == Status.UNDETERMINED
    assert seen == [request_]


@pytest.mark.parametrize("arguments", [["build"], ["generate", "t"]])
def test_a_new_directory_is_told_of(podfsm: Any, fake: Fake, tmp_path: Path, arguments: list[str]) -> None:
    fake(f"podfsm.{arguments[0]}", lambda _request: Status.FINE)
    new = tmp_path / "new"
    assert podfsm(*arguments, "--out", str(new)).err == f"note: {new} does not exist yet; it is made\n"
    assert podfsm(*arguments, "--out", str(tmp_path)).err == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_exit_statuses(podfsm: Any, command: str) -> None:
    text = podfsm(command, "--help").out
    assert "Exit status: 0" in text
    assert f"\n    podfsm {command}" in text


def test_every_message_of_an_error_is_printed(podfsm: Any, fake: Fake) -> None:
    fake("podfsm.build", fails_with(PodfsmError(["a.yaml:1:2: first", "b.yaml:3:4: second"])))
    result = podfsm("build")
    assert (result.status, result.out, result.err) == (2, "", "a.yaml:1:2: first\nb.yaml:3:4: second\n")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2, os.strerror(errno.ENOSPC)),
    ],
)
def test_interruptions_end_without_a_traceback(
    podfsm: Any, fake: Fake, error: BaseException, status: int, message: str
) -> None:
    fake("podfsm.build", fails_with(error))
    result = podfsm("build")
    assert result.status == status
    assert result.err.strip().endswith(message)
    assert "Traceback" not in result.err


def test_a_reader_that_goes_away_is_met_quietly() -> None:
    script = """if True:
        import sys, types
        module = types.ModuleType("podfsm.show")
        def run(request):
            for number in range(100_000):
                request.console.print(str(number))
            return 0
        module.run = run
        sys.modules["podfsm.show"] = module
        from podfsm.cli import main
        sys.exit(main(["show", "x"]))
    """
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


def test_output_that_cannot_be_encoded_is_escaped() -> None:
    script = """if True:
        import sys, types
        module = types.ModuleType("podfsm.show")
        module.run = lambda request: request.console.print("한") or 0
        sys.modules["podfsm.show"] = module
        from podfsm.cli import main
        sys.exit(main(["show", "x"]))
    """
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert result.stdout == b"\\ud55c\n"


def test_version_names_kubernetes_and_the_tables(podfsm: Any) -> None:
    result = podfsm("--version")
    assert result.status == Status.FINE
    assert result.out.startswith(f"podfsm {__version__} (Kubernetes 1.")
    assert "tables " in result.out


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [((), 0), ((0, 3), 3), ((3, 1, 0), 1), ((1, 2, 3), 2)],
)
def test_the_worst_status_wins(statuses: tuple[int, ...], worst: int) -> None:
    assert Status.worst(*map(Status, statuses)) == worst


def test_requests_print_to_standard_output_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    ShowRequest(id="x").console.print("line")
    assert capsys.readouterr().out == "line\n"
    assert isinstance(ShowRequest(id="x").console, Console)

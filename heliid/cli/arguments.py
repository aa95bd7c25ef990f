"""The arguments of every command. Standard library only: ``--help`` must be instant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

_SEARCHES = (
    "ais", "abc", "pso", "random", "hill", "abc-classic", "ais-classic", "pso-classic", "all",
)  # fmt: skip
_TARGETS = ("c", "python", "onnx", "fmu", "matlab", "csv", "json", "linear", "lowbit")
_TYPES = ("float64", "float32", "int16", "int8", "int4", "ternary")
_TRAINERS = ("lm", "hf", "bicgstab", "adam", "sgd")
_EPILOG = """\
columns are named as in the file's header, with or without the unit: "q [deg/s]" or q.
exit status: 0 done, 2 wrong arguments or unusable input, 1 anything else.

example:
  heliid identify --train sweep.csv steps.csv --validate doublet.csv \\
         --inputs delta_lon,delta_col --outputs q,theta --out result
"""


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        """Write the sentence and leave with status 2."""
        text = " ".join(message.split())
        text = text[:1].lower() + text[1:]
        sys.stderr.write(f"{self.prog}: {text.rstrip('.')} (see {self.prog} --help).\n")
        raise SystemExit(2)


def make_parser() -> Parser:
    """The parser of the whole command line."""
    parser = Parser(
        prog="heliid",
        description="Identify a helicopter model from flight-test records. Without a command the "
        "window opens (heliid FILE... opens these files in it).",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and leave")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (room, text, fill) in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=_sentence(text),
                                      allow_abbrev=False)  # fmt: skip
        command.set_defaults(command=name, room=room)
        fill(command)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None) -> None:  # noqa: ARG002
        from heliid import __version__

        sys.stdout.write(f"heliid {__version__}\n")
        parser.exit()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def names_list(text: str) -> list[str]:
    """Channel names from ``a,b``; an empty name is refused."""
    names = [part.strip() for part in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"'{text}' holds an empty name; write a,b")
    return names


def shares(text: str) -> tuple[float, ...]:
    """Shares of one record from ``0.55,0.15,0.30`` or ``70``: they add up to at most 1.

    One number is the share that trains, in per cent or as a fraction, a fifth of which validates;
    the rest is the test.
    """
    try:
        parts = [float(part) for part in text.split(",")]
    except ValueError:
        parts = []
    if any(part > 1.0 for part in parts):
        parts = [part / 100.0 for part in parts]
    if len(parts) == 1:
        parts = [0.8 * parts[0], 0.2 * parts[0], 1.0 - parts[0]]
    is_good = len(parts) in (2, 3) and all(0.0 < part < 1.0 for part in parts)
    if not is_good or sum(parts) > 1.0 + 1e-9:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not understood; write the shares that train, validate and test, "
            f"e.g. 0.55,0.15,0.30, or only the share that trains and validates, e.g. 70"
        )
    return tuple(parts)


def windows_list(text: str) -> list[str]:
    """Windows from ``1,2,5,10,all``: seconds above 0, or ``all``."""
    windows = [part.strip() for part in text.split(",")]
    for one in windows:
        try:
            is_good = one == "all" or 0.0 < float(one) < 1e6
        except ValueError:
            is_good = False
        if not is_good:
            raise argparse.ArgumentTypeError(
                f"'{one}' is not a window; write seconds or all, e.g. 1,2,5,10,all"
            )
    return windows


def limit_pair(text: str) -> tuple[str, float]:
    """A limit and its value from ``key=value``."""
    key, _, value = text.partition("=")
    try:
        return key.strip(), float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a limit; write its name and a number, e.g. theil_limit=0.25"
        ) from None


def _add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=limit_pair, action="append", default=[],
                        metavar="KEY=VALUE", help="another limit: theil_limit=0.25")  # fmt: skip


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON document and nothing else"
    )


def _add_records(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("records and channels")
    group.add_argument("--train", nargs="+", required=True, metavar="F", help="training records")
    group.add_argument(
        "--validate", nargs="+", default=[], metavar="F",
        help="records that score the search (default: the last part of each training record, "
        "the weaker choice)",
    )  # fmt: skip
    group.add_argument(
        "--test", nargs="+", default=[], metavar="F",
        help="records that are scored once, at the very end",
    )  # fmt: skip
    group.add_argument(
        "--split", type=shares, metavar="A,B,C",
        help="cut one training record in time into train, validate and test, e.g. 0.55,0.15,0.30 "
        "(weaker than separate manoeuvres)",
    )  # fmt: skip
    group.add_argument("--inputs", type=names_list, required=True, metavar="A,B")
    group.add_argument("--outputs", type=names_list, required=True, metavar="C,D")


def _add_model(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("model")
    group.add_argument("--rate", type=float, default=0.0, metavar="HZ",
                       help="model rate (default: proposed from the data)")  # fmt: skip
    group.add_argument("--trim", default="auto", metavar="RULE",
                       help="auto, none, or lead:T: the mean of the first T seconds")  # fmt: skip
    group.add_argument("--no-kinematics", action="store_true",
                       help="do not tie an attitude to the rate it integrates")  # fmt: skip
    group.add_argument("--finer-rate", action="store_true",
                       help="refit the best orders at finer rates too")  # fmt: skip
    group.add_argument("--no-finer-rate", action="store_false", dest="finer_rate",
                       help="keep the model at the rate of the search (default)")  # fmt: skip
    group.add_argument("--train-on", choices=("train", "all"),
                       help="what the chosen model is trained on in the end: the training records "
                       "(default), or these and the validation records")  # fmt: skip
    group.add_argument("--tables", type=int, metavar="N",
                       help="weight tables each order starts from (default 2; 4 is careful: costs "
                       "depend less on chance and take up to twice the time)")  # fmt: skip
    group.add_argument("--trainer", choices=_TRAINERS,
                       help="how weights are found (default lm; see docs/trainers.md)")  # fmt: skip
    group.add_argument("--risk", type=float, metavar="LAMBDA",
                       help="minimise mean + LAMBDA times CVaR of the errors")  # fmt: skip
    group.add_argument("--risk-level", type=float, metavar="ALPHA",
                       help="CVaR is the mean of the worst 1 - ALPHA (default 0.9)")  # fmt: skip
    group.add_argument("--seed", type=int, default=1, metavar="S")
    group.add_argument("--workers", type=int, metavar="N",
                       help="processes (default: one per core, at most 8); "
                       "the result does not depend on it")  # fmt: skip


def _add_search(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("search")
    group.add_argument("--budget", type=int, metavar="N", help="unique orders to train")
    group.add_argument("--max-hidden", type=int, metavar="H")
    group.add_argument("--max-na", type=int, metavar="N", help="most output lags")
    group.add_argument("--max-nb", type=int, metavar="N", help="most input taps")
    group.add_argument("--max-nk", type=int, metavar="N", help="longest dead time, samples")
    group.add_argument("--max-spacing", type=int, metavar="N", help="widest tap spacing")
    group.add_argument("--max-leak", type=int, metavar="N",
                       help="try leaky inputs with time constants of 4, 8, ... 2^(N+1) samples "
                       "(default 0: none)")  # fmt: skip
    group.add_argument("--window", type=int, metavar="N",
                       help="orders asked for ahead of the oldest result")  # fmt: skip
    group.add_argument("--stagnation", type=int, metavar="N",
                       help="stop after N orders without improvement")  # fmt: skip
    group.add_argument("--time-limit", type=float, metavar="S", help="stop after S seconds")


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cluster", metavar="ADDRESS",
                        help="search on the Dask cluster at tls://HOST:PORT")  # fmt: skip
    parser.add_argument("--certificates", metavar="DIR",
                        help="of the cluster (default: where cluster init puts them)")  # fmt: skip


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--no-project", action="store_true",
                        help="leave out DIR/study.heliid, which holds the records")  # fmt: skip
    _add_json(parser)


def _fill_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--inputs", type=names_list, default=[], metavar="A,B")
    parser.add_argument("--outputs", type=names_list, default=[], metavar="C,D")
    parser.add_argument("--validate", nargs="+", default=[], metavar="F",
                        help="also examine these, and whether FILE covers their range")  # fmt: skip
    parser.add_argument("--test", nargs="+", default=[], metavar="F")
    _add_json(parser)


def _fill_identify(parser: argparse.ArgumentParser) -> None:
    _add_records(parser)
    _add_model(parser)
    _add_search(parser)
    parser.add_argument("--search", choices=_SEARCHES, default="ais",
                        help="ais, abc, pso, random, hill, a -classic form, or all")  # fmt: skip
    parser.add_argument("--ensemble", type=int, metavar="N", help="best orders refitted at the end")
    parser.add_argument("--resume", action="store_true",
                        help="go on from the checkpoint in the --out folder")  # fmt: skip
    _add_cluster(parser)
    _add_folder(parser)
    _add_limit(parser)


def _fill_fit(parser: argparse.ArgumentParser) -> None:
    _add_records(parser)
    _add_model(parser)
    parser.add_argument("--order", required=True, metavar="ORDER",
                        help="e.g. na=1,nb=4,nk=0,spacing=3,h=4; per channel na=1/2")  # fmt: skip
    _add_folder(parser)
    _add_limit(parser)


def _fill_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--windows", type=windows_list, default=["1", "2", "5", "10", "all"],
                        metavar="1,2,5,10,all")  # fmt: skip
    parser.add_argument("--linear", metavar="MODEL", help="the best linear model, beside it")
    _add_limit(parser)
    parser.add_argument("--manoeuvre", action="append", default=[], metavar="[RECORD=]KIND",
                        help="what was flown, where the suggestion is wrong: step, pulse, "
                        "doublet, 3-2-1-1, sweep, other")  # fmt: skip
    parser.add_argument("--verdict", action="store_true",
                        help="also answer, question by question, if it can be used")  # fmt: skip
    parser.add_argument("--tails", action="store_true",
                        help="also the worst windows and manoeuvres: risk, CVaR")  # fmt: skip
    parser.add_argument("--sharpness", action="store_true",
                        help="also the loss around the weights: worst, curvature")  # fmt: skip
    _add_json(parser)


def _fill_simulate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--out", required=True, metavar="F.csv")
    _add_json(parser)


def _fill_modes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--reference", action="append", default=[], metavar="FILE",
                        help="values to compare with: a CSV with name,value,unit, or part of the "
                        "name of a shipped table, e.g. Lynx")  # fmt: skip
    _add_json(parser)


def _fill_compare(parser: argparse.ArgumentParser) -> None:
    _add_records(parser)
    _add_model(parser)
    _add_search(parser)
    parser.add_argument("--searches", type=names_list, default=["abc", "ais", "pso", "random"],
                        metavar="A,B", help="default: abc,ais,pso,random")  # fmt: skip
    parser.add_argument("--seeds", type=int, default=20, metavar="N")
    parser.add_argument("--out", metavar="DIR", help="also write comparison.json, .csv and .html")
    _add_json(parser)


def _fill_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--to", required=True, choices=_TARGETS)
    parser.add_argument("--type", choices=_TYPES, default="float64", help="numbers of the C code")
    parser.add_argument("--out", required=True, metavar="PATH")
    parser.add_argument("--file", metavar="FILE",
                        help="the record to predict (csv) or to judge few bits on")  # fmt: skip
    group = parser.add_argument_group("with --type ternary")
    group.add_argument("--group", metavar="N", help="weights per scale: 4, 8, 16, 32, 64")
    group.add_argument("--clusters", metavar="N", help="rows share scales: 2, 3, 4 or 6 clusters")
    group.add_argument("--activations", metavar="BITS", help="16, 8 or 4")
    group.add_argument("--levels", metavar="N", help="levels of residual edges, 0 to 4")
    group.add_argument("--refit", nargs="+", default=[], metavar="F",
                       help="training records: fit the scales to them once more")  # fmt: skip
    _add_json(parser)


def _fill_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT", help="a .heliid file")
    parser.add_argument("run", nargs="?", default="", metavar="RUN",
                        help="key or name of the run (needed when there are several)")  # fmt: skip
    parser.add_argument("--workers", type=int, metavar="N",
                        help="processes (default: as then); no bit depends on it")  # fmt: skip
    _add_json(parser)


def _fill_cluster(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    init = actions.add_parser("init", help="make the certificates of one cluster",
                              allow_abbrev=False)  # fmt: skip
    init.add_argument("--out", metavar="DIR", help="default: your configuration folder")
    init.add_argument("--host", action="append", metavar="NAME",
                      help="name or address of a machine; the first is the scheduler")  # fmt: skip
    _add_json(init)
    check = actions.add_parser("check", help="say who works at an address", allow_abbrev=False)
    check.add_argument("address", metavar="ADDRESS")
    check.add_argument("--certificates", metavar="DIR")
    _add_json(check)
    train = actions.add_parser("train", help="train one order over many ranks", allow_abbrev=False)
    _add_records(train)
    _add_model(train)
    train.add_argument("--order", required=True, metavar="ORDER",
                       help="e.g. na=1,nb=4,nk=0,spacing=3,h=4; per channel na=1/2")  # fmt: skip
    train.add_argument("--ranks", type=int, default=2, metavar="N")
    train.add_argument("--mpi", action="store_true", help="ranks by mpiexec, not local processes")
    train.add_argument("--hosts", metavar="A,B", help="machines for mpiexec")
    train.add_argument("--out", required=True, metavar="DIR")
    _add_json(train)


# name: the module of heliid.cli that runs it, what it does, how its arguments are declared
_COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "doctor": ("doctor", "say whether records are fit for identification", _fill_doctor),
    "identify": ("identify", "search the order and train the best model", _fill_identify),
    "fit": ("identify", "train one given order", _fill_fit),
    "score": ("score", "judge a model on records by its free run", _fill_score),
    "simulate": ("simulate", "write the free run of a model on a record", _fill_simulate),
    "modes": ("modes", "linearise a model at trim: modes and derivatives", _fill_modes),
    "compare": ("compare", "compare the optimisers on one problem", _fill_compare),
    "export": ("export", "write a model as code for other programs", _fill_export),
    "cluster": ("cluster", "certificates, workers and ranks of a cluster", _fill_cluster),
    "rerun": ("rerun", "repeat a run of a project and compare bit for bit", _fill_rerun),
}
COMMANDS = tuple(_COMMANDS)

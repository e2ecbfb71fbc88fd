"""What the benchmarks have in common: options, and reports with bars that hold or do not."""
import argparse
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUNTIME = ("runu", "ukernel", "ukloader")
CHAIN = ("uk", "ukd", "ukmanager", "containerd-shim-runu-v2", *RUNTIME)
sys.dont_write_bytecode = True


def parser(doc, rounds, names):
    """The options that every benchmark has; `names` are what it can measure."""
    def chosen(text):
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in names]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not of {', '.join(names)}")
        return chosen

    result = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--bin", type=pathlib.Path, required=True, help="the folder of the release builds")
    result.add_argument("--rounds", type=int, default=rounds, help="how often each is timed (default: %(default)s)")
    result.add_argument("--user", type=int, default=1000, help="the user that ours run as under root (default: %(default)s)")
    result.add_argument("--only", type=chosen, default=list(names), metavar="NAME,...", help=f"of {', '.join(names)}")
    return result


def parse(parser, programs=RUNTIME):
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    for name in programs:
        if not (options.bin / name).exists():
            parser.error(f"{options.bin / name} is missing: build with `swift build -c release`, give its folder with --bin")
    return options


def image_maker():
    """deploy/make-base-image as a module."""
    loader = importlib.machinery.SourceFileLoader("make_base_image", str(ROOT / "deploy/make-base-image"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def spread(times):
    return {"median": statistics.median(times), "least": min(times), "most": max(times)}


def ratio_bars(ratios, times):
    """Whether our median is at most so much of theirs, for each (ours, theirs, most) that was measured."""
    bars = []
    for ours, theirs, most in ratios:
        if ours in times and theirs in times:
            value = statistics.median(times[ours]) / statistics.median(times[theirs])
            bars.append({"bar": f"{ours} at most {most} of {theirs}", "value": value, "holds": value <= most})
    return bars


def report(kind, options, place, text):
    """Runs a benchmark of the class `kind` in a folder of its own and prints its report: the program's exit code."""
    with tempfile.TemporaryDirectory(prefix="ukb-", dir=place, ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        benchmark = kind(options, pathlib.Path(folder))
        benchmark.run()
        result = {**benchmark.report(), "notes": benchmark.notes, "rounds": options.rounds,
                  "host": {"kernel": os.uname().release, "processors": os.cpu_count()}}
    if options.format == "json":
        print(json.dumps(result, indent=2))
    else:
        lines = [f"{'holds' if bar['holds'] else 'FAILS'}: {bar['bar']} ({bar['value']:.2f})" for bar in result["bars"]]
        print("\n".join([text(result), "", *lines, *(f"note: {note}" for note in result["notes"])]))
    return 0 if all(bar["holds"] for bar in result["bars"]) else 1

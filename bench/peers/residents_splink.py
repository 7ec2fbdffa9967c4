"""Splink 4 on DuckDB: the same questions, each linked to the register that it holds in memory."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

SHOWN = 10
SECONDS = 30  # for questions one by one


def words(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that people prepare for a linker: words of the name, parts of the day."""
    parts = frame["name"].str.casefold().str.split()
    frame["first"], frame["last"] = parts.str[0], parts.str[-1]
    frame["swapped"] = frame["born_on"].str[:5] + frame["born_on"].str[8:] + "-" + frame["born_on"].str[5:7]
    frame["year"] = frame["born_on"].str[:4]
    return frame


def main(city: str, path: str) -> None:
    logging.getLogger("splink").setLevel(logging.ERROR)
    asked = json.loads(Path(path).read_text())
    register = pd.read_csv(city, dtype=str, keep_default_na=False, usecols=["nik", "name", "born_on"])
    register = words(register.rename(columns={"nik": "unique_id"}))
    questions = pd.DataFrame({"unique_id": [str(n) for n in range(len(asked))], "name": [each["name"] for each in asked],
                              "born_on": [each["born_on"] for each in asked]})  # fmt: skip
    questions = words(questions)
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.92, 0.85, 0.75]),
            cl.DamerauLevenshteinAtThresholds("born_on", [1, 2]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("born_on"),
            "l.born_on = r.swapped",
            block_on("first", "last"),
            block_on("first", "year"),
            block_on("last", "year"),
        ],
    )
    linker = Linker(
        [register, questions.head(1)], settings, db_api=DuckDBAPI(), input_table_aliases=["register", "asked"]
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    truth = {str(n): each["nik"] for n, each in enumerate(asked)}
    # As at a counter: each question when it comes.
    count, spent = 0, 0.0
    for _index, question in questions.iterrows():
        begun = time.perf_counter()
        record = {key: question[key] for key in ("unique_id", "name", "born_on", "first", "last", "swapped", "year")}
        linker.inference.find_matches_to_new_records([record], match_weight_threshold=-10).as_record_dict(limit=SHOWN)
        spent += time.perf_counter() - begun
        count += 1
        if spent > SECONDS:
            break
    # All in one call, for its sake; recall is read off this.
    begun = time.perf_counter()
    pairs = linker.inference.find_matches_to_new_records(
        questions.to_dict("records"), match_weight_threshold=-10
    ).as_pandas_dataframe()
    batch = time.perf_counter() - begun
    is_asked = pairs["source_dataset_r"].ne("register") & pairs["unique_id_r"].isin(truth)
    pairs["question"] = pairs["unique_id_r"].where(is_asked, pairs["unique_id_l"])
    pairs["nik"] = pairs["unique_id_l"].where(is_asked, pairs["unique_id_r"])
    best = pairs.sort_values("match_weight", ascending=False).groupby("question").head(SHOWN)
    hits = {question for question, nik in zip(best["question"], best["nik"], strict=True) if truth.get(question) == nik}
    found: dict[str, list[bool]] = defaultdict(list)
    for n, each in enumerate(asked):
        found[each["kind"]].append(str(n) in hits)
    every = [hit for kind in found.values() for hit in kind]
    told = {
        "rate": count / spent,
        "batch_rate": len(asked) / batch,
        "all": sum(every) / len(every),
        "recall": {kind: sum(values) / len(values) for kind, values in found.items()},
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

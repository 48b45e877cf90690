"""The 240 of Spec-Bench's 480 prompts that the benchmarks here are measured with (06_benchmarks).

    git clone https://github.com/hemingkx/Spec-Bench
    python nbs/results/spec_bench.py Spec-Bench/data/spec_bench/question.jsonl spec_bench_dev.jsonl \
        [--category extraction]

The prompts themselves (Apache-2.0) are no part of specdraft, nor of what its draft was trained on."""
import json
from pathlib import Path

from specdraft.loader import InputError, command, whole_file

IDS = (
    '81,84,86-87,89,93,95,97-98,100-102,104,107,110-113,115,120-124,129,131-132,134,136,138,142-143,146-147,150-153,'
    '157,160-161,166,168-172,174,178-180,183,185,188-189,195-197,199,201-202,205,208,210-211,213,217-218,222-224,'
    '230-233,235-237,239-242,244-247,253-254,259,262,265-266,270-271,273-274,279-280,282,284-289,291-293,295,297-301,'
    '303-304,306,316,319-324,329,332-337,339-341,347-349,351-353,358,361,366-368,375,377,379-381,385,387-388,390,392,'
    '395,397-400,404-406,408,412,415,417,419,423-424,427,429,433-436,438,440-445,448,451-453,455,457-459,464-465,468,'
    '471-473,476-477,480,482,487-488,490-491,493-494,496-497,499-500,503-504,506-507,510-511,514-515,518,520-522,'
    '524-527,534-537,541,547-550,552-553,558,560'
)

@command
def main(
    questions:str,   # `data/spec_bench/question.jsonl` of Spec-Bench
    out:str,         # file to write
    category:str=''  # only these
):
    "Write the prompts that the benchmarks are measured with, of one category or of all"
    ids = {i for part in IDS.split(',') for i in range(int(part.split('-')[0]), int(part.split('-')[-1]) + 1)}
    if not Path(questions).is_file():
        raise InputError(f'no file {questions}: expected question.jsonl of Spec-Bench')
    found = [
        q for q in map(json.loads, Path(questions).read_text(encoding='utf-8').splitlines())
        if q['question_id'] in ids
    ]
    if len(found) != len(ids):
        raise InputError(
            f'{questions} has {len(found)} of the {len(ids)} questions: expected question.jsonl of Spec-Bench'
        )
    if category not in {'', *(q['category'] for q in found)}:
        raise InputError(
            f'category is {category!r}: expected one of {", ".join(sorted({q["category"] for q in found}))}'
        )
    some = [q for q in found if category in ('', q['category'])]
    with whole_file(out) as tmp:
        tmp.write_text(''.join(json.dumps(q, ensure_ascii=False) + '\n' for q in some), encoding='utf-8')
    print(f'{len(some)} prompts in {out}')

if __name__ == '__main__': main()

"""What does retrieval find in other languages? python nbs/results/languages.py OUT.json

`languages.yaml` has a shop's FAQ in fifteen languages, each with one wording and a short answer, the same questions
asked otherwise, and messages about something else. They are searched by whole words, by their first letters, and by
both."""
import json, sys
from pathlib import Path
from unittest import mock

import yaml
from specdraft import knowledge_cache
from specdraft.benchmarks import _measured_on
from specdraft.knowledge_cache import KnowledgeCacheManager, words
from specdraft.loader import whole_file

ways = {
    'whole words': words,
    **{
        f'{n} letters': lambda text, n=n: [w[:n] if knowledge_cache._ends(w) else w for w in words(text)]
        for n in (4, 5, 6)
    },
    'words, 6 and 4 letters': knowledge_cache.terms
}

def measured(faq, way):
    m, best = KnowledgeCacheManager(), lambda text: next((x['id'] for x, _ in m.retrieve(text)), None)
    m.items = [
        dict(id=str(i), text=q['question'], answer=q['answer'], variants=[]) for i, q in enumerate(faq['questions'])
    ]
    with mock.patch.object(knowledge_cache, 'terms', ways[way]):
        found = [(best(t), x['id']) for x, q in zip(m.items, faq['questions']) for t in q['rewordings']]
        unrelated = [best(t) is not None for t in faq['unrelated']]
    return dict(
        asked=len(found),
        right=sum(got == i for got, i in found),
        wrong=sum(got not in (None, i) for got, i in found),
        unrelated=sum(unrelated), of=len(unrelated)
    )

if __name__ == '__main__':
    faqs = yaml.safe_load(Path(__file__).with_suffix('.yaml').read_text(encoding='utf-8'))
    rows = [dict(language=l, way=way, **measured(faq, way)) for l, faq in faqs.items() for way in ways]
    with whole_file(sys.argv[1]) as tmp:
        tmp.write_text(json.dumps(_measured_on() | dict(rows=rows), indent=0) + '\n')
    for way in ways:
        print(f'{way:22}', *(
            f"{sum(r[k] for r in rows if r['way'] == way):4} {k}"
            for k in ('asked', 'right', 'wrong', 'unrelated', 'of')
        ))

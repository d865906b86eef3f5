"""The lexicon: word edges in each script, conjunctions, zones, evidence, and stories that must come out right."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classification.base import Document
from app.classification.calibration import load_weights, weights_path
from app.classification.lexicon import MAX_EVIDENCE, LexiconClassifier
from app.classification.registry import UnknownClassifier, build_classifier
from app.classification.taxonomy import Taxonomy, load_taxonomy

OURS = load_taxonomy()
LEXICON = LexiconClassifier(OURS, load_weights(weights_path(OURS)))


def topics(title: str, text: str = "", language: str | None = None) -> set[str]:
    [verdict] = LEXICON.classify([Document(title, "", text, language)])
    return {score.topic for score in verdict.topics}


def small(terms: list[str], **rule: object) -> LexiconClassifier:
    """A lexicon of one topic that any of the terms decides."""
    content = {
        "version": "1",
        "topics": [
            {
                "id": "t",
                "name": "T",
                "description": "T",
                "groups": {"a": {"en": terms}, "b": {"en": ["beta"]}},
                "rules": [{"id": "r", "all": ["a"], "points": 8} | rule],
            }
        ],
    }
    return LexiconClassifier(Taxonomy.model_validate(content))


def hits(term: str, text: str) -> bool:
    return bool(small([term]).classify([Document(text, "", "")])[0].topics)


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("war", "The war goes on", True),
        ("war", "War!", True),
        ("war", "Warsaw and a software reward", False),
        ("ukrain*", "Ukrainian", True),
        ("*krain*", "Ukrainian", True),
        ("free trade", "a FREE-TRADE zone", True),
        ("umow* handlow*", "podpisano umowę handlową", True),
        ("umow* handlow*", "umowa, handlowa", False),
        ("umow* handlow", "umowa handlowa", False),
        ("战争", "俄乌战争爆发", True),
        ("ダボス", "今年のダボス会議", True),
        ("สงคราม", "เกิดสงครามขึ้น", True),
        ("CPTPP", "英国加入CPTPP的谈判", True),
        ("WTO", "세계무역기구(WTO)에", True),
        ("무역", "무역을 늘린다", True),
        ("부차", "일부차량", False),
        ("*무역", "한미무역", True),
        ("자유무역", "한미자유무역을", True),
        ("حرب", "والحرب مستمرة", True),
        ("حرب", "بحرب", True),
        ("حرب", "محارب", False),
        ("المنتدى", "في كلمة للمنتدى", True),
        ("מלחמה", "והמלחמה נמשכת", True),
        ("מלחמה", "אמלחמה", False),
        ("युद्ध", "युद्ध जारी", True),
        ("युद्ध", "युद्धों", False),
        ("Außenhandel", "AUSSENHANDEL", True),
        ("comércio", "COMERCIO LIVRE", True),
        ("savaşı", "UKRAYNA SAVAŞI", True),
    ],
)
def test_word_edges(term: str, text: str, found: bool) -> None:
    assert hits(term, text) is found


def test_near_means_near_and_in_one_field() -> None:
    near = small(["alpha"], all=["a", "b"], within=20)
    assert near.classify([Document("alpha and beta", "", "")])[0].topics
    assert not near.classify([Document("alpha", "", "x " * 20 + "beta")])[0].topics
    apart = small(["alpha"], all=["a", "b"])
    assert apart.classify([Document("alpha", "", "x " * 20 + "beta")])[0].topics


def test_unless_silences_a_rule() -> None:
    unless = small(["alpha"], unless="b")
    assert unless.classify([Document("alpha", "", "")])[0].topics
    assert not unless.classify([Document("alpha", "", "beta")])[0].topics


def test_a_passing_mention_far_down_does_not_count_like_a_headline() -> None:
    lexicon = small(["alpha"])
    filler = "nothing to see here " * 60
    scores = [
        lexicon.scores(document)["t"]
        for document in (
            Document("", "", filler + "alpha"),
            Document("", "", filler + "alpha, and once more alpha"),
            Document("alpha", "", filler),
        )
    ]
    assert scores == sorted(scores)
    assert scores[0] < 0.5 < scores[2]


TRADE = [
    "Canada and South Korea sign memorandum on cars, batteries, critical minerals and AI",
    "Ottawa, Seoul ink MOU to deepen auto and battery cooperation",
    "Canada, Corée du Sud : un protocole d'entente sur l'automobile, les batteries, les minéraux critiques et l'IA",
    "Kanada und Südkorea unterzeichnen Absichtserklärung zu Autos, Batterien und kritischen Rohstoffen",
    "Canadá y Corea del Sur firman un memorando sobre automóviles, baterías, minerales críticos e IA",
    "Canada e Corea del Sud firmano un memorandum su auto, batterie e minerali critici",
    "Canadá e Coreia do Sul assinam memorando sobre carros, baterias e minerais críticos",
    "Kanada i Korea Południowa podpisały memorandum w sprawie samochodów, baterii i minerałów krytycznych",
    "Канада та Південна Корея підписали меморандум про автомобілі, батареї та критичні мінерали",
    "Канада и Южная Корея подписали меморандум по автомобилям, батареям и критически важным минералам",
    "كندا وكوريا الجنوبية توقعان مذكرة تفاهم بشأن السيارات والبطاريات والمعادن الحيوية والذكاء الاصطناعي",
    "Kanada ve Güney Kore otomobil, batarya ve kritik mineraller konusunda mutabakat zaptı imzaladı",
    "कनाडा और दक्षिण कोरिया ने कार, बैटरी और महत्वपूर्ण खनिजों पर समझौता ज्ञापन पर हस्ताक्षर किए",
    "加拿大与韩国签署汽车、电池、关键矿产和人工智能谅解备忘录",
    "カナダと韓国、自動車・電池・重要鉱物・AIで覚書に署名",
    "캐나다와 한국, 자동차·배터리·핵심광물·AI 협력 양해각서 서명",
]
SPEECH = [
    "Zelenskyy blasts Europe over war in speech at World Economic Forum in Davos",
    "In Davos, Zelensky accuses Europe of inaction as Russian missiles hit Ukraine",
    "À Davos, Zelensky fustige l'Europe, perdue face à la guerre de la Russie contre l'Ukraine",
    "Selenskyj rechnet in Davos mit Europa ab: Der Krieg in der Ukraine dulde keinen Aufschub",
    "Zelenski arremete contra Europa en el Foro de Davos por la guerra en Ucrania",
    "Zelensky attacca l'Europa al Forum di Davos: la guerra in Ucraina non aspetta",
    "Zelensky critica a Europa no Fórum Econômico Mundial em Davos pela guerra na Ucrânia",
    "Zełenski w Davos ostro o Europie: wojna w Ukrainie trwa, a wy rozmawiacie",
    "Зеленський у Давосі розкритикував Європу за нерішучість у війні Росії проти України",
    "Зеленский в Давосе раскритиковал Европу за нерешительность в войне на Украине",
    "زيلينسكي يهاجم أوروبا في المنتدى الاقتصادي العالمي في دافوس بسبب الحرب في أوكرانيا",
    "Zelenskiy Davos'ta Dünya Ekonomik Forumu'nda Ukrayna savaşı nedeniyle Avrupa'yı eleştirdi",
    "दावोस में विश्व आर्थिक मंच पर ज़ेलेंस्की ने यूक्रेन युद्ध को लेकर यूरोप की आलोचना की",
    "泽连斯基在达沃斯世界经济论坛演讲中抨击欧洲对俄乌战争行动迟缓",
    "ゼレンスキー大統領、ダボス会議の演説で欧州を批判　ウクライナ侵攻めぐり",
    "젤렌스키, 다보스포럼 연설에서 우크라이나 전쟁 두고 유럽 맹비난",
]


@pytest.mark.parametrize("title", TRADE)
def test_the_memorandum_is_a_trade_deal_and_nothing_else(title: str) -> None:
    assert topics(title) == {"trade-deals"}


@pytest.mark.parametrize("title", SPEECH)
def test_the_speech_is_the_war_and_davos(title: str) -> None:
    assert topics(title) == {"ukraine-war", "davos"}


@pytest.mark.parametrize(
    "title",
    [
        "HC Davos wins the Spengler Cup in overtime against Team Canada",
        "Fresh powder in Davos: the best ski slopes above the town",
        "Riyadh's 'Davos in the desert' opens with bankers and ministers",
        "Lakers and Celtics agree blockbuster trade at the deadline",
        "Ukrainian champion Usyk defends his heavyweight boxing title",
        "Carmaker agrees takeover of battery start-up, shareholders approve merger",
        "Rate decision weighs on shares in early trade",
        "A quiet day in the garden",
        "",
    ],
)
def test_what_only_borrows_the_words_stays_out(title: str) -> None:
    assert topics(title) == set()


def test_evidence_is_verbatim_from_its_field() -> None:
    document = Document(
        "Ukraine’s ﬁght: Zelenskyy in Davos",
        "The World Economic Forum hears of Russia's war.",
        "Missiles hit Kyiv again. " * 40,
        "en",
    )
    [verdict] = LEXICON.classify([document])
    assert {score.topic for score in verdict.topics} == {"ukraine-war", "davos"}
    for score in verdict.topics:
        assert 1 <= len(score.evidence) <= MAX_EVIDENCE
        for span in score.evidence:
            assert span.text == getattr(document, span.field)[span.start : span.end]
    assert {span.field for score in verdict.topics for span in score.evidence} == {"title", "summary", "text"}


WORDS = st.lists(st.sampled_from(["Ukraine", "war", "Давос", "ﬁ", "İ", "관세", "اتفاقاً", "自由贸易", "-", "e\u0301"]))


@given(WORDS, WORDS, WORDS)
def test_evidence_and_scores_hold_for_any_text(title: list[str], summary: list[str], text: list[str]) -> None:
    document = Document(" ".join(title), "".join(summary), "…".join(text))
    for score in LEXICON.classify([document])[0].topics:
        assert score.threshold <= score.score <= 1
        assert all(span.text == getattr(document, span.field)[span.start : span.end] for span in score.evidence)


def test_verdicts_come_in_order() -> None:
    documents = [Document(title, "", "") for title in (TRADE[0], "", SPEECH[0])]
    verdicts = LEXICON.classify(documents)
    assert [len(verdict.topics) for verdict in verdicts] == [1, 0, 2]
    assert {verdict.stage for verdict in verdicts} == {"lexicon"}


def test_the_version_follows_the_weights() -> None:
    assert LexiconClassifier(OURS).info.model_version != LEXICON.info.model_version
    assert LexiconClassifier(OURS).info == LexiconClassifier(OURS).info


def test_a_new_topic_needs_no_weights(tmp_path: Path) -> None:
    assert load_weights(tmp_path / "none.json") == {}
    assert hits("tanker*", "Two tankers turned back")


def test_the_registry_knows_its_names() -> None:
    assert build_classifier("lexicon", OURS).info == LEXICON.info
    none = build_classifier("none", OURS)
    assert [v.topics[0].topic for v in none.classify([Document("", "", "")] * 2)] == [OURS.topic_ids[0]] * 2
    with pytest.raises(UnknownClassifier, match=r"'oracle'.*is one of .*lexicon.*none"):
        build_classifier("oracle", OURS)

"""The words that are habits, and the names of all word habits.

The lists are ours: closed-class words and frequent misspellings of English and Portuguese, the languages of
the corpora this was built on. Casing, lengths, forms and suffixes need no language.
"""

from __future__ import annotations

from typing import Final

LONGEST: Final = 12  # letters; all longer words are counted together

_SINGLE: Final = (
    "the a an and but or so if because as than that this these those it its is are was were be been am "
    "have has had do does did will would can could should may might must not no of in on at to for from "
    "with without by about after before over up out off into down just very really too also even only "
    "still again now then when while where which who what how there here all any some more most much "
    "many other every never always my me i you your we our us he she they them their his her"
    " o os as um uma de do da dos das em no na que e é não mas com para por se muito mais já meu minha"
    " eu ele ela foi ser está tem bem só como ou ao à"
)
SINGLE_WORDS: Final = tuple(dict.fromkeys(_SINGLE.split()))  # each is a habit of its own
GROUPS: Final[dict[str, str]] = {
    "first_singular": "i me my mine myself im ive id eu me mim meu minha meus minhas comigo",
    "first_plural": "we us our ours ourselves nós nos nosso nossa nossos nossas",
    "second_person": "you your yours yourself u ur você vocês vc te seu sua",
    "third_person": "he she they him her them his hers their ele ela eles elas dele dela",
    "negation": "not no never none nothing nobody cannot dont cant didnt doesnt wont não nao nunca nada nem",
    "intensifier": "very really so extremely super absolutely totally highly quite pretty too muito demais "
    "super bastante mto",
    "hedge": "maybe perhaps probably somewhat kinda sort almost seems think guess talvez acho quase",
    "bare_contraction": "dont cant didnt doesnt wont isnt wasnt couldnt wouldnt im ive thats its havent",
    "speech_spelling": "u ur thx plz pls gonna wanna gotta kinda lol omg ok okay yeah yay wow ugh nope alot "
    "til cuz bc btw vc vcs pra pro tb tbm q mto mta td pq nao ta tá né ja so eh kkk",
    "connective": "however although though therefore thus moreover overall also furthermore porém entretanto "
    "contudo portanto",
    "article": "the a an o a os as um uma",
    "conjunction": "and but or so because e mas ou porque",
    "pronoun_it": "it its this that these those isso isto esse essa este esta",
    "modal": "will would can could should may might must pode poderia deve",
    "be": "is are was were be been am being é foi era são está estava ser",
    "misspelling": "teh alot definately definatly recieve recieved recomend reccomend recommed seperate "
    "suprised untill wich thier becuase beacuse wierd tommorow greatful excelent awsome realy dissapointed "
    "disapointed dissappointed expecially comfertable confortable accomodating acommodate occured truely "
    "recived happend probaly noone atleast exelente ecelente concerteza derrepente encomodo mecher fasil",
    "without_accents": "nao voce voces tambem otimo otima entao alem pessimo facil rapido rapida pratico "
    "pratica unico preco dificil numero minimo maximo ninguem alguem porem",
    "past_habit": "had did was were got went came took gave said made tive foi veio chegou comprei",
}
SUFFIXES: Final = ("'t", "'s", "'m", "'re", "'ve", "'ll", "'d")

CASES: Final = ("all_caps", "capitalized", "lone_i", "lone_lower_i", "mixed_case")
FORMS: Final = ("vowelless", "repeated_word")  # "thx", "the the"
LENGTHS: Final = tuple(f"letters_{n}" for n in range(1, LONGEST + 1))
WORD_FEATURES: Final = (
    *(f"word_{word}" for word in SINGLE_WORDS),
    *GROUPS,
    *(f"suffix_{suffix[1:]}" for suffix in SUFFIXES),
    *CASES,
    *FORMS,
    *LENGTHS,
)
PLACE: Final = {name: number for number, name in enumerate(WORD_FEATURES)}

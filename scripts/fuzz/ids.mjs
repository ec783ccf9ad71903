// Generators of lists of ids.

// vocabulary: a parsed tokenizer.json. Returns a function of the ids of a text that makes { generator, ids }.
export function idGenerators(vocabulary) {
    const ids = new Map(Object.entries(vocabulary.model.vocab));
    const size = ids.size;
    const special = vocabulary.added_tokens.filter(token => token.special).map(token => token.id);
    const added = vocabulary.added_tokens.map(token => token.id);
    const byteIds = Array.from({ length: 256 }, (_, value) => ids.get(`<0x${value.toString(16).toUpperCase().padStart(2, '0')}>`) ?? ids.get(String.fromCharCode(value)));

    const anyByte = random => byteIds[random.below(256)];
    const bytesOf = text => [...Buffer.from(text, 'utf8')].map(value => byteIds[value]);

    // Whole characters, cut ones, and bytes that UTF-8 forbids.
    const bytes = random => random.weighted([
        [4, () => bytesOf(String.fromCodePoint(random.weighted([[1, random.below(0x80)], [2, random.between(0x80, 0x7ff)], [3, random.between(0x800, 0xd7ff)], [3, random.between(0x10000, 0x10ffff)]])))],
        [2, () => bytesOf(String.fromCodePoint(random.between(0x800, 0xd7ff))).slice(random.below(2), random.between(1, 3))],
        [1, () => bytesOf(String.fromCodePoint(random.between(0x10000, 0x10ffff))).slice(0, random.between(1, 3))],
        [1, () => random.many(1, 4, anyByte)],
        [1, () => random.pick([[0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe0, 0x80, 0xaf], [0xff], [0xef, 0xbf, 0xbd]]).map(value => byteIds[value])],
    ])();
    const join = (low, high, make) => random => random.many(low, high, make).flat();
    const pickFrom = list => random => [random.pick(list)];
    const anyId = random => [random.below(size)];
    const outside = random => [random.weighted([[3, size + random.below(1000)], [1, 2 ** 31 - 1], [1, 2 ** 31 + random.below(1000)], [1, 2 ** 32 - 1]])];

    const generators = {
        'ids of a text': null,
        'random ids': join(0, 30, anyId),
        'byte tokens': join(1, 15, random => random.weighted([[9, bytes], [1, anyId]])(random)),
        'bytes around special tokens': join(1, 20, random => random.weighted([[4, bytes], [2, pickFrom(special)], [1, pickFrom(added)], [1, anyId]])(random)),
        'ids outside the vocabulary': join(1, 15, random => random.weighted([[3, outside], [3, bytes], [1, pickFrom(special)], [2, anyId]])(random)),
    };
    const weights = Object.entries(generators).map(([name, make]) => [name === 'ids of a text' ? 2 : 1, [name, make]]);
    return (random, encoded) => {
        const [generator, make] = random.weighted(weights);
        return { generator, ids: make === null ? encoded : make(random) };
    };
}

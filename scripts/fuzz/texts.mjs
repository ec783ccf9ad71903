// Generators of texts. Each is a function of the random numbers; the vocabulary gives pieces and added tokens.

const longText = 100_000;

const whitespace = ['\n', '\n\n', '\t', '\t\t', ' ', '  ', '\r\n', '\r', '\u00a0', '\u2028', '\u3000', '\u0085', '\v', '\f', '\u200b', '\ufeff', '\u001c'];
const codeParts = ['if', 'else', 'return', 'List<s>', 'std::', '->', '=>', '==', '!=', '&&', '||', '{', '}', '(', ')', '[', ']', ';', ',', '.', '"', "'", '\\', '//', '/*', '*/', '#', '0x7FEF', '1.5e-3', '_', '__init__', '</b>', '<h1>', '<br/>', '|---|---|', '====', '----', '((((', '****', 'é', '変数'];

// Characters outside the vocabulary, or near others that are not: rare scripts, private use, tags, combining marks.
const rareRanges = [[0x0, 0x1f], [0x80, 0x9f], [0x300, 0x36f], [0x1680, 0x16ff], [0xa000, 0xa4cf], [0xe000, 0xf8ff], [0xfdd0, 0xfdef], [0xfff0, 0xffff], [0x10000, 0x10fff], [0x1f300, 0x1faff], [0x20000, 0x2a6df], [0xe0000, 0xe007f], [0x10fff0, 0x10ffff]];

function codePoint(random) {
    const point = random.weighted([[4, () => random.below(0x80)], [3, () => random.below(0x800)], [4, () => random.below(0x10000)], [3, () => random.below(0x110000)]])();
    return point >= 0xd800 && point < 0xe000 ? '\ufffd' : String.fromCodePoint(point);
}

const loneSurrogate = random => String.fromCharCode(random.between(0xd800, 0xdfff));
const letter = random => String.fromCharCode(random.between(0x61, 0x7a));

// vocabulary: a parsed tokenizer.json. Returns a function that makes { generator, text }.
export function textGenerators(vocabulary) {
    const pieces = Object.keys(vocabulary.model.vocab);
    const added = vocabulary.added_tokens.map(token => token.content);
    const words = pieces.filter(piece => /^▁?[A-Za-z]{2,}$/.test(piece)).map(piece => piece.replace('▁', ' '));

    const piece = random => {
        const text = random.pick(pieces);
        return random.chance(70) ? text.replaceAll('▁', ' ') : text;
    };
    const partOf = (random, text) => {
        const from = random.chance(30) ? random.below(text.length) : 0;
        return text.slice(from, from + random.between(1, text.length - from));
    };
    const rare = random => String.fromCodePoint(random.between(...random.pick(rareRanges)));
    const join = (low, high, make) => random => random.many(low, high, make).join('');

    const short = {
        pieces: join(1, 20, piece),
        'code points': join(1, 40, codePoint),
        periodic: random => {
            const unit = join(1, 4, random.pick([codePoint, letter, piece, () => random.pick(['-', '=', '(', ' ', '\n', '▁', 'a', '0', '│', '<'])]))(random);
            return unit.repeat(random.between(2, 120)) + (random.chance(50) ? partOf(random, unit) : '');
        },
        'added tokens': join(1, 14, random => random.weighted([
            [4, () => random.pick(added)],
            [3, () => partOf(random, random.pick(added))],
            [2, () => random.pick([' ', '\n', '\t', '▁', '<', '>', '[', ']'])],
            [2, () => piece(random)],
        ])()),
        'underscores and spaces': join(1, 30, random => random.weighted([[4, () => '▁'], [4, () => ' '], [2, () => letter(random)], [1, () => '_'], [1, () => piece(random)]])()),
        'lone surrogates': join(1, 20, random => random.weighted([[3, () => loneSurrogate(random)], [2, () => piece(random)], [1, () => '\ufffd'], [1, () => ' '], [1, () => codePoint(random)]])()),
        whitespace: join(1, 12, random => random.weighted([
            [5, () => random.pick(whitespace).repeat(random.weighted([[6, random.between(1, 4)], [2, random.between(5, 40)], [1, random.between(41, 200)]]))],
            [1, () => piece(random)],
        ])()),
        code: join(2, 40, random => random.weighted([
            [4, () => random.pick(codeParts)],
            [3, () => random.pick(words)],
            [2, () => ' '.repeat(random.between(1, 9))],
            [1, () => '\n' + ' '.repeat(4 * random.below(6))],
            [1, () => '\n' + '\t'.repeat(random.below(6))],
            [1, () => String(random.below(100_000))],
        ])()),
        words: join(1, 15, random => random.weighted([
            [6, () => random.pick(words)],
            [1, () => random.pick(words).toUpperCase()],
            [1, () => join(1, 12, letter)(random)],
            [1, () => random.pick([', ', '. ', '! ', '’s', '-', ' – '])],
        ])()),
        'rare characters': join(1, 20, random => random.weighted([[4, () => rare(random)], [2, () => piece(random)], [1, () => ' ']])()),
    };

    // Long texts: of one generator's parts, or without any word boundary.
    const long = random => {
        const make = random.chance(30) ? join(20, 40, letter) : random.pick(Object.values(short));
        const parts = [];
        for (let length = 0; length < longText;) {
            parts.push(make(random));
            length += parts.at(-1).length;
        }
        return parts.join('');
    };

    const weights = [...Object.entries(short).map(entry => [400, entry]), [1, ['100 KB', long]], [4, ['empty', () => '']]];
    return random => {
        const [generator, make] = random.weighted(weights);
        return { generator, text: make(random) };
    };
}

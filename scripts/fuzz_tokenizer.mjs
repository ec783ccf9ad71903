// Compares the tokenizer with Hugging Face's (the Rust build, npm package "tokenizers") on random texts and lists of ids:
//
//   bash scripts/fetch_tokenizer.sh --peer
//   dotnet build T5GemmaSharp.Training -c Release
//   node scripts/fuzz_tokenizer.mjs [--count N] [--seed N] [--model DIR] [--program DLL] [--show N]
//
// Prints its seed and a line a generator, and the first differences in full; exits with 1 if there is any.
// A lone surrogate reaches Rust as U+FFFD, because node hands strings over as UTF-8; the program gets it as the escape \ud800.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from './fuzz/random.mjs';
import { textGenerators } from './fuzz/texts.mjs';
import { idGenerators } from './fuzz/ids.mjs';
import { Program } from './fuzz/program.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const batchSize = 1000;

function fail(message) {
    console.error(`error: ${message}`);
    process.exit(2);
}

function readOptions() {
    const defaults = {
        count: '200000',
        seed: String(Date.now() % 2 ** 32),
        model: join(root, 'weights', 'gemma-2-tokenizer'),
        program: join(root, 'T5GemmaSharp.Training', 'bin', 'Release', 'net10.0', 'T5GemmaSharp.Training.dll'),
        show: '5',
    };
    const options = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }]));
    try {
        const { values } = parseArgs({ options });
        for (const name of ['count', 'seed', 'show'])
            if (!/^\d+$/.test(values[name]))
                throw new Error(`--${name}: expected an integer from 0, got '${values[name]}'`);
        return { ...values, count: Number(values.count), seed: Number(values.seed), show: Number(values.show) };
    } catch (error) {
        return fail(error.message);
    }
}

async function loadPeer() {
    try {
        return await import('tokenizers');
    } catch (error) {
        return fail(`the npm package "tokenizers" is not there (${error.message.split('\n')[0]}): run bash scripts/fetch_tokenizer.sh --peer`);
    }
}

const options = readOptions();
const file = join(options.model, 'tokenizer.json');
if (!existsSync(file))
    fail(`${file} is not there: run bash scripts/fetch_tokenizer.sh`);
if (!existsSync(options.program))
    fail(`${options.program} is not there: run dotnet build T5GemmaSharp.Training -c Release`);
const { Tokenizer } = await loadPeer();
const peer = Tokenizer.fromFile(file);
const vocabulary = JSON.parse(await readFile(file, 'utf8'));
const start = (...modes) => new Program(spawn, options.program, ['tokenize', '--model', options.model, '--jsonl', ...modes]);
const programs = { encode: start(), special: start('--special'), offsets: start('--offsets'), decode: start('--decode'), skip: start('--decode', '--skip-special') };

// HF's places count code points, the program's UTF-16 units.
function toUnits(text, offsets) {
    const units = [0];
    for (const character of text)
        units.push(units[units.length - 1] + character.length);
    return offsets.map(([from, to]) => [units[from], units[to]]);
}

const tallies = new Map();
let shown = 0;

function compare(generator, check, input, expected, actual) {
    const tally = tallies.get(generator) ?? new Map();
    tallies.set(generator, tally);
    const [all, wrong] = tally.get(check) ?? [0, 0];
    tally.set(check, [all + 1, wrong + (expected === actual ? 0 : 1)]);
    if (expected !== actual && shown++ < options.show)
        console.log(`DIFFERENCE in ${check}, ${generator}\n  input    ${JSON.stringify(input)}\n  expected ${expected}\n  actual   ${actual}`);
}

async function compareTexts(batch) {
    const texts = batch.map(item => item.text);
    const lines = texts.map(text => JSON.stringify(text));
    const answers = ['encode', 'special', 'offsets'].map(name => programs[name].ask(lines));
    const plain = await peer.encodeBatch(texts, { addSpecialTokens: false });
    const special = await peer.encodeBatch(texts, { addSpecialTokens: true });
    const [encoded, surrounded, placed] = await Promise.all(answers);
    batch.forEach(({ generator, text }, index) => {
        const ids = plain[index].getIds();
        compare(generator, 'ids', text, JSON.stringify(ids), encoded[index]);
        compare(generator, 'ids with special tokens', text, JSON.stringify(special[index].getIds()), surrounded[index]);
        compare(generator, 'offsets', text, JSON.stringify({ ids, offsets: toUnits(text, plain[index].getOffsets()) }), placed[index]);
    });
    return plain.map(encoding => encoding.getIds());
}

async function compareIds(batch) {
    const lists = batch.map(item => item.ids);
    const lines = lists.map(ids => JSON.stringify(ids));
    const answers = ['decode', 'skip'].map(name => programs[name].ask(lines));
    const kept = await peer.decodeBatch(lists, false);
    const skipped = await peer.decodeBatch(lists, true);
    const [decoded, cut] = await Promise.all(answers);
    batch.forEach(({ generator, ids }, index) => {
        compare(generator, 'text', ids, JSON.stringify(kept[index]), JSON.stringify(JSON.parse(decoded[index])));
        compare(generator, 'text without special tokens', ids, JSON.stringify(skipped[index]), JSON.stringify(JSON.parse(cut[index])));
    });
}

console.log(`seed ${options.seed}, ${options.count} texts and as many lists of ids, model ${options.model}`);
const random = new Random(options.seed);
const texts = textGenerators(vocabulary);
const lists = idGenerators(vocabulary);
for (let done = 0; done < options.count; done += batchSize) {
    const size = Math.min(batchSize, options.count - done);
    const batch = Array.from({ length: size }, () => texts(random));
    const encoded = await compareTexts(batch);
    await compareIds(encoded.map(ids => lists(random, ids)));
}

for (const program of Object.values(programs))
    await program.end();
let wrong = 0;
for (const [generator, tally] of [...tallies].sort()) {
    const checks = [...tally].map(([check, [, count]]) => `${check} ${count}`).join(', ');
    console.log(`${generator}: ${Math.max(...[...tally.values()].map(([all]) => all))} compared, wrong: ${checks}`);
    wrong += [...tally.values()].reduce((sum, [, count]) => sum + count, 0);
}
console.log(wrong === 0 ? 'no difference' : `${wrong} differences (seed ${options.seed})`);
process.exitCode = wrong === 0 ? 0 : 1;

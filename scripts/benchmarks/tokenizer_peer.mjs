// The other side of tokenizer.cs: Hugging Face's tokenizers (Rust) from the npm package. Started by it, one JSON object a line in and out:
// first how loading went, then for each { documents, passes, repeats } the best pass in seconds of CPU time, and a hash of each document's ids.

import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const answer = value => process.stdout.write(JSON.stringify(value) + '\n');
const cpuSeconds = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
};
const residentBytes = () => {
    globalThis.gc?.();
    return process.memoryUsage().rss;
};

const { Tokenizer } = await import('tokenizers');
const require = createRequire(import.meta.url);
const { version } = JSON.parse(readFileSync(require.resolve('tokenizers/package.json'), 'utf8'));

const rssBefore = residentBytes();
const [cpuStart, wallStart] = [cpuSeconds(), performance.now()];
const tokenizer = Tokenizer.fromFile(process.argv[2]);
const load = { cpuSeconds: cpuSeconds() - cpuStart, wallSeconds: (performance.now() - wallStart) / 1000 };
answer({ name: `tokenizers ${version} (Rust), node ${process.version}`, load, memoryBytes: residentBytes() - rssBefore, rssBytes: process.memoryUsage().rss });

// FNV-1a over the ids, 32 bits; tokenizer.cs does the same.
function hash(ids) {
    let value = 0x811c9dc5;
    for (const id of ids)
        value = Math.imul(value ^ id, 0x01000193) >>> 0;
    return value;
}

async function best(passes, repeats, run) {
    await run();
    let seconds = Infinity;
    for (let pass = 0; pass < passes; pass++) {
        const start = cpuSeconds();
        for (let repeat = 0; repeat < repeats; repeat++)
            await run();
        seconds = Math.min(seconds, (cpuSeconds() - start) / repeats);
    }
    return seconds;
}

async function measure({ documents, passes, repeats }) {
    let ids = [];
    const encodeSeconds = await best(passes, repeats, async () => {
        ids = [];
        for (const text of documents)
            ids.push((await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds());
    });
    const decodeSeconds = await best(passes, repeats, async () => {
        for (const list of ids)
            await tokenizer.decode(list, false);
    });
    return { encodeSeconds, decodeSeconds, tokens: ids.reduce((sum, list) => sum + list.length, 0), hashes: ids.map(hash) };
}

for await (const line of createInterface({ input: process.stdin }))
    answer(await measure(JSON.parse(line)));

// Answers a second and latencies of a running scripts/serve.cs, one client at a time and many at once:
//
//   dotnet run -c Release scripts/serve.cs -- --T5Gemma:QueueCapacity 256
//   node scripts/serve/load.mjs [--url http://127.0.0.1:5080] [--clients 200] [--seconds 10]

import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { url: { type: 'string', default: 'http://127.0.0.1:5080' }, clients: { type: 'string', default: '200' }, seconds: { type: 'string', default: '10' } } });
const words = 'elephant transformer keyboard window mountain river ocean strength through thorough psychology extraordinary queue rhythm zebra cat dog internationalization'.split(' ');

async function answer(word) {
    const response = await fetch(`${values.url}/v1/completions`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ prompt: word }) });
    const body = await response.json();
    if (!response.ok)
        throw new Error(`${response.status}: ${body.error.message}`);
    return body.choices[0].text;
}

const alone = new Map();
for (const word of words)
    alone.set(word, await answer(word));

async function measure(clients) {
    const [times, start] = [[], performance.now()];
    let [next, differing] = [0, 0];
    const end = start + 1000 * Number(values.seconds);
    await Promise.all(Array.from({ length: clients }, async () => {
        while (performance.now() < end) {
            const word = words[next++ % words.length];
            const begin = performance.now();
            differing += await answer(word) !== alone.get(word);
            times.push(performance.now() - begin);
        }
    }));
    const seconds = (performance.now() - start) / 1000;
    times.sort((one, other) => one - other);
    const quantile = part => `${times[Math.floor(part * (times.length - 1))].toFixed(0)} ms`;
    console.log(`${String(clients).padStart(4)} clients: ${(times.length / seconds).toFixed(1)} answers/s, p50 ${quantile(0.5)}, p99 ${quantile(0.99)}, ${times.length} answers, ${differing} differ from those of one client`);
}

await measure(1);
await measure(Number(values.clients));

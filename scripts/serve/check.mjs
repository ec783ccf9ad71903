// Uses a running scripts/serve.cs as OpenAI's own client does (npm package "openai", in a node_modules above this file or in --modules DIR):
//
//   dotnet run -c Release scripts/serve.cs
//   npm install --no-save openai && node scripts/serve/check.mjs [--url http://127.0.0.1:5080] [--modules DIR]
//
// Prints a line a check; exits with 1 if one fails.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({ options: { url: { type: 'string', default: 'http://127.0.0.1:5080' }, modules: { type: 'string' }, key: { type: 'string', default: 'none' } } });
const { OpenAI } = createRequire(options.modules ? join(options.modules, 'x.js') : import.meta.url)('openai');
const client = new OpenAI({ baseURL: `${options.url}/v1`, apiKey: options.key, maxRetries: 0 });
const model = (await client.models.list()).data[0].id;
const prompt = 'interlinked';
let failed = 0;

async function check(name, body) {
    try {
        console.log(`ok      ${name}: ${await body()}`);
    } catch (error) {
        failed++;
        console.log(`FAILED  ${name}: ${error.message}`);
    }
}

async function refused(call, kind, parameter) {
    const error = await call.then(() => assert.fail('was accepted'), error => error);
    assert.ok(error instanceof kind, `expected ${kind.name}, got ${error.name}: ${error.message}`);
    assert.equal(error.param ?? null, parameter);
    return `${error.status} ${error.code}`;
}

const answer = (await client.completions.create({ model, prompt })).choices[0].text;

await check('completion', async () => {
    const body = await client.completions.create({ model, prompt: [prompt, 'cat'], max_tokens: 64 });
    assert.equal(body.choices.length, 2);
    assert.equal(body.choices[0].text, answer);
    assert.equal(body.usage.total_tokens, body.usage.prompt_tokens + body.usage.completion_tokens);
    return JSON.stringify(body.choices.map(choice => choice.text));
});
await check('completion, streamed', async () => {
    let text = '', usage = null;
    for await (const event of await client.completions.create({ model, prompt, stream: true, stream_options: { include_usage: true } })) {
        text += event.choices[0]?.text ?? '';
        usage = event.usage ?? usage;
    }
    assert.equal(text, answer);
    return JSON.stringify(usage);
});
await check('chat', async () => {
    const body = await client.chat.completions.create({ model, messages: [{ role: 'user', content: prompt }] });
    return `${body.choices[0].message.role}: ${body.choices[0].message.content} (${body.choices[0].finish_reason})`;
});
await check('chat, helper for streams', async () => {
    const stream = client.chat.completions.stream({ model, messages: [{ role: 'user', content: prompt }], stream_options: { include_usage: true } });
    const body = await stream.finalChatCompletion();
    assert.ok(body.usage.completion_tokens > 0);
    return body.choices[0].message.content;
});
await check('vectors', async () => {
    const plain = await client.embeddings.create({ model, input: [prompt, 'cat'], encoding_format: 'float' });
    const packed = await client.embeddings.create({ model, input: [prompt, 'cat'] }); // the client asks for base64
    assert.equal(packed.data.length, 2);
    packed.data[0].embedding.forEach((number, index) => assert.ok(Math.abs(number - plain.data[0].embedding[index]) < 1e-6));
    return `${packed.data[0].embedding.length} numbers, ${packed.usage.prompt_tokens} tokens`;
});
await check('model by name', async () => (await client.models.retrieve(model)).id);
await check('unknown model', () => refused(client.completions.create({ model: 'another', prompt }), OpenAI.NotFoundError, 'model'));
await check('tools', () => refused(client.chat.completions.create({ model, messages: [{ role: 'user', content: prompt }], tools: [{ type: 'function', function: { name: 'f' } }] }), OpenAI.BadRequestError, 'tools'));
await check('length', () => refused(client.completions.create({ model, prompt, max_tokens: -1 }), OpenAI.BadRequestError, 'max_tokens'));
await check('length, streamed', () => refused(client.completions.create({ model, prompt, max_tokens: -1, stream: true }), OpenAI.BadRequestError, 'max_tokens'));
await check('abort', async () => {
    const stream = await client.completions.create({ model, prompt, stream: true, max_tokens: 1000, min_new_tokens: 1000 });
    let parts = 0;
    for await (const _ of stream)
        if (++parts === 3)
            stream.controller.abort();
    assert.ok(parts < 1000);
    return `after ${parts} parts`;
});
process.exit(failed ? 1 : 0);

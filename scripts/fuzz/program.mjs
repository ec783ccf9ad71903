// A child process that answers each line with a line.
export class Program {
    #child;
    #errors = '';
    #pending = [];
    #wanted = 0;
    #lines = [];
    #settle = null;
    #closed;

    constructor(spawn, dll, args) {
        this.#child = spawn('dotnet', [dll, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
        this.#child.stderr.setEncoding('utf8').on('data', text => { this.#errors += text; });
        this.#child.stdout.on('data', chunk => this.#take(chunk));
        this.#child.stdin.on('error', () => { }); // its end is reported below
        this.#closed = new Promise((resolve, reject) => this.#child.on('error', reject).on('close', code => {
            this.#settle?.reject(new Error(`${args.join(' ')}: ended with ${code} after ${this.#lines.length} of ${this.#wanted} answers: ${this.#errors}`));
            resolve(code);
        }));
    }

    // One question at a time.
    ask(lines) {
        this.#wanted = lines.length;
        this.#lines = [];
        return new Promise((resolve, reject) => {
            this.#settle = { resolve, reject };
            this.#child.stdin.write(lines.map(line => line + '\n').join(''));
        });
    }

    async end() {
        this.#child.stdin.end();
        const code = await this.#closed;
        if (code !== 0)
            throw new Error(`ended with ${code}: ${this.#errors}`);
    }

    #take(chunk) {
        this.#pending.push(chunk);
        if (!chunk.includes(10))
            return;
        const bytes = Buffer.concat(this.#pending);
        const end = bytes.lastIndexOf(10);
        this.#pending = [bytes.subarray(end + 1)];
        for (const line of bytes.toString('utf8', 0, end).split('\n'))
            this.#lines.push(line);
        if (this.#lines.length < this.#wanted)
            return;
        const { resolve } = this.#settle;
        this.#settle = null;
        resolve(this.#lines);
    }
}

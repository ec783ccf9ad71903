// A seeded generator of random numbers (xorshift, 32 bits), so that a run can be repeated.
export class Random {
    #state;

    constructor(seed) {
        this.#state = (Math.imul(seed >>> 0, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1;
        for (let step = 0; step < 8; step++)
            this.next();
    }

    // An integer from 0 to 2^32 - 1.
    next() {
        let x = this.#state;
        x ^= x << 13;
        x ^= x >>> 17;
        x ^= x << 5;
        this.#state = x >>> 0;
        return this.#state;
    }

    below(limit) {
        return this.next() % limit;
    }

    between(low, high) {
        return low + this.below(high - low + 1);
    }

    chance(percent) {
        return this.below(100) < percent;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    many(low, high, make) {
        return Array.from({ length: this.between(low, high) }, () => make(this));
    }

    // Picks from [weight, value] pairs.
    weighted(pairs) {
        let place = this.below(pairs.reduce((sum, [weight]) => sum + weight, 0));
        for (const [weight, value] of pairs) {
            if (place < weight)
                return value;
            place -= weight;
        }
        throw new Error('not reached');
    }
}

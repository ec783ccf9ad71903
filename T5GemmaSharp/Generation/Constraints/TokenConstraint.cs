using System.Text;
using T5GemmaSharp.Generation.Constraints.Automata;
using T5GemmaSharp.Generation.Constraints.Expressions;
using T5GemmaSharp.Generation.Constraints.JsonSchemas;
using T5GemmaSharp.Generation.Constraints.RegularExpressions;
using T5GemmaSharp.Generation.Constraints.Vocabulary;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Generation.Constraints;

/// <summary>A set of texts, as an automaton over the bytes of a tokenizer's vocabulary: it says which tokens may come next so that the text can still become one of the set.</summary>
/// <remarks>
/// Immutable and thread-safe. What the automaton meets is kept up to <see cref="ConstraintOptions.MaxCacheBytes"/>. The 16 constraints of a tokenizer that were
/// asked for last are kept too: asking again for the same one is cheap. A text that a length limit cuts short is the beginning of a valid one.
/// </remarks>
public sealed class TokenConstraint
{
    private readonly ConstraintVocabulary _vocabulary;
    private readonly LazyDfa _automaton;

    private TokenConstraint(ConstraintVocabulary vocabulary, Expression expression, int maxStates, ConstraintOptions options)
    {
        _vocabulary = vocabulary;
        _automaton = new LazyDfa(NfaBuilder.Build(expression, maxStates), options.MaxCacheBytes);
    }

    internal DfaState StartState => _automaton.Start;

    internal int VocabularySize => _vocabulary.Texts.Count;

    /// <summary>Allows the texts that a regular expression matches as a whole.</summary>
    /// <param name="tokenizer">The tokenizer whose ids are constrained.</param>
    /// <param name="pattern">
    /// The expression: literals; <c>.</c> (anything but a line feed); <c>\d \w \s</c> (ASCII) and <c>\D \W \S</c>; <c>\n \r \t \f \v \xHH \uHHHH \u{H}</c> and escaped
    /// punctuation; classes with ranges and negation; <c>( )</c>, <c>(?: )</c> and <c>|</c>; <c>* + ? {m} {m,} {m,n}</c> and their lazy forms, which mean the same here;
    /// <c>^</c> and <c>$</c> at the ends. Anything else is refused. A character is a Unicode code point.
    /// </param>
    /// <param name="options">Limits; null: the defaults.</param>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizer"/> or <paramref name="pattern"/> is null.</exception>
    /// <exception cref="ConstraintException">The pattern is broken, not supported, matches nothing, or is too large; the message says where.</exception>
    public static TokenConstraint FromRegex(T5GemmaTokenizer tokenizer, string pattern, ConstraintOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        return Get(tokenizer, new ConstraintKey("regex", pattern, options ?? new ConstraintOptions()), () => WholeText(pattern));
    }

    /// <summary>Allows exactly one of several texts.</summary>
    /// <param name="tokenizer">The tokenizer whose ids are constrained.</param>
    /// <param name="choices">The texts, at least one.</param>
    /// <param name="options">Limits; null: the defaults.</param>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizer"/> or <paramref name="choices"/> is null.</exception>
    /// <exception cref="ArgumentException">There is no choice, or one is null or has a lone surrogate.</exception>
    public static TokenConstraint FromChoices(T5GemmaTokenizer tokenizer, IEnumerable<string> choices, ConstraintOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(choices);
        string[] texts = [.. choices];
        if (texts.Length == 0)
            throw new ArgumentException("choices: expected at least one text, got none", nameof(choices));
        for (var index = 0; index < texts.Length; index++)
        {
            if (texts[index] is null)
                throw new ArgumentException($"choices[{index}]: expected a text, got null", nameof(choices));
            if (HasLoneSurrogate(texts[index]))
                throw new ArgumentException($"choices[{index}]: half of a surrogate pair is no character", nameof(choices));
        }

        var key = string.Concat(texts.Select(text => $"{text.Length}:{text}"));
        return Get(tokenizer, new ConstraintKey("choices", key, options ?? new ConstraintOptions()), () => Expression.Texts(texts), isLimited: false);
    }

    /// <summary>Allows the JSON texts that fit a JSON schema.</summary>
    /// <param name="tokenizer">The tokenizer whose ids are constrained.</param>
    /// <param name="schema">
    /// The schema: <c>type</c>, <c>enum</c>, <c>const</c>, <c>properties</c>, <c>required</c>, <c>additionalProperties</c>, <c>items</c>, <c>prefixItems</c>, <c>minItems</c>,
    /// <c>maxItems</c>, <c>minLength</c>, <c>maxLength</c>, <c>pattern</c>, <c>format</c> (date, time, date-time, uuid), <c>minimum</c>, <c>maximum</c>, <c>exclusiveMinimum</c> and
    /// <c>exclusiveMaximum</c> of integers, <c>anyOf</c>, <c>oneOf</c> (read as <c>anyOf</c>) and <c>$ref</c> within the schema; annotations are ignored, anything else is refused.
    /// Properties come in the order of <c>properties</c>; without <c>additionalProperties</c> an object that has
    /// <c>properties</c> has no others, without <c>items</c> an array that has <c>prefixItems</c> no others. Patterns are read as <see cref="FromRegex"/> reads them. Integers have at
    /// most 18 digits, other numbers 15 on each side of the point.
    /// </param>
    /// <param name="schemaOptions">How the schema is read; null: the defaults.</param>
    /// <param name="options">Limits; null: the defaults.</param>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizer"/> or <paramref name="schema"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ConstraintException">The schema is broken, not supported, allows nothing, or is too large; the message says where.</exception>
    public static TokenConstraint FromJsonSchema(T5GemmaTokenizer tokenizer, string schema, JsonSchemaOptions? schemaOptions = null, ConstraintOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schema);
        options ??= new ConstraintOptions();
        schemaOptions ??= new JsonSchemaOptions();
        schemaOptions.Validate();
        return Get(tokenizer, new ConstraintKey("json-schema", schema, options, schemaOptions), () => SchemaCompiler.Compile(schema, schemaOptions, options.MaxStates));
    }

    /// <summary>Starts at the beginning of a text.</summary>
    public ConstraintMatcher Start() => new(this, StartState);

    /// <summary>Creates a processor that forbids all tokens after which the new text cannot become one of the set, and eos until it is one.</summary>
    /// <param name="promptLength">Number of decoder ids, start token included, that are not part of the text.</param>
    /// <param name="eosTokenIds">Ids that end a text, at least one. They are never part of it.</param>
    /// <returns>
    /// The processor, for one generation at a time; rows may be reordered between its steps, as beams are. A row that has ended keeps the scores of eos and padding.
    /// It raises <see cref="InvalidOperationException"/> for a row whose text has left the constraint, and <see cref="GenerationConfigException"/> where other settings forbid
    /// every token that it allows. <see cref="GenerationConfig.ForcedEosTokenId"/>, which may end an incomplete text, is refused beside it.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="eosTokenIds"/> is null.</exception>
    /// <exception cref="ArgumentException">There is no eos id.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="promptLength"/> or an id is negative.</exception>
    public LogitsProcessor CreateProcessor(int promptLength, IReadOnlyList<long> eosTokenIds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(promptLength);
        ArgumentNullException.ThrowIfNull(eosTokenIds);
        if (eosTokenIds.Count == 0)
            throw new ArgumentException("eosTokenIds: expected at least one, got none: a complete text could not end", nameof(eosTokenIds));
        foreach (var id in eosTokenIds)
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(eosTokenIds));
        return new ConstraintProcessor(this, promptLength, [.. eosTokenIds], _vocabulary.PadId);
    }

    /// <summary>The state after a token; dead if it must not come.</summary>
    internal DfaState Next(DfaState state, long id)
    {
        var bytes = id is >= 0 and <= int.MaxValue ? _vocabulary.Texts[(int)id] : default;
        if (bytes.IsEmpty)
            return DfaState.Dead;
        foreach (var value in bytes)
        {
            if (state.IsDead)
                return state;
            state = _automaton.Next(state, value);
        }

        return state;
    }

    /// <summary>The tokens that may come in a state, without eos.</summary>
    internal TokenSet Allowed(DfaState state)
    {
        if (state.Tokens is { } known)
            return known;
        var allowed = _vocabulary.Trie.Allowed(_automaton, state);
        state.Tokens = allowed;
        _automaton.Charge(allowed.Bits.Length);
        return allowed;
    }

    private static TokenConstraint Get(T5GemmaTokenizer tokenizer, ConstraintKey key, Func<Expression> read, bool isLimited = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        key.Options.Validate();
        var vocabulary = ConstraintVocabulary.Of(tokenizer);
        return vocabulary.Constraints.GetOrAdd(key, () =>
        {
            var expression = read();
            if (expression.IsNothing)
                throw new ConstraintException("no text fits the constraint");
            return new TokenConstraint(vocabulary, expression, isLimited ? key.Options.MaxStates : int.MaxValue, key.Options);
        });
    }

    private static Expression WholeText(string pattern)
        => Expression.AnyOf([.. RegexParser.Parse(pattern, Expression.Character, "regular expression").Select(branch => branch.Body)]);

    private static bool HasLoneSurrogate(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out var length) != System.Buffers.OperationStatus.Done)
                return true;
            text = text[length..];
        }

        return false;
    }
}

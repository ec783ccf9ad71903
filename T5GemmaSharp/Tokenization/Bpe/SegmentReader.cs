namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Cuts a raw text into added tokens and the stretches between them.</summary>
/// <param name="addedTokens">The tokens to cut out.</param>
/// <param name="text">The raw text.</param>
/// <param name="plain">Ranges in which text that reads like a special token is only text.</param>
internal ref struct SegmentReader(AddedTokenTrie addedTokens, ReadOnlySpan<char> text, PlainRanges plain)
{
    private readonly ReadOnlySpan<char> _text = text;
    private AddedToken? _upcoming;
    private int _upcomingStart = -1;

    /// <summary>The added token; null for a stretch of text.</summary>
    public AddedToken? Token { get; private set; }

    /// <summary>First code unit of the segment.</summary>
    public int Start { get; private set; }

    /// <summary>One past the last code unit of the segment.</summary>
    public int End { get; private set; }

    /// <summary>Moves on to the next segment, which is never empty.</summary>
    public bool Read()
    {
        Start = End;
        if (Start == _text.Length)
            return false;
        if (_upcomingStart < Start)
            _upcoming = addedTokens.FindNext(_text, Start, plain, out _upcomingStart);
        Token = _upcomingStart == Start ? _upcoming : null;
        End = Token is null ? _upcomingStart : Start + Token.Content.Length;
        return true;
    }
}

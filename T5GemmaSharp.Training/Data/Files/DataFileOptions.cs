using System.Globalization;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Data.Files;

/// <summary>How data files are read and turned into ids.</summary>
public sealed record DataFileOptions
{
    /// <summary>Which keys of a row hold what. Default: the key maps of the task, the first that a row has.</summary>
    public KeyMap Map { get; init; } = KeyMap.Empty;

    /// <summary>Most bytes of a line, and characters of a document of plain text; 2^25 by default: a damaged file without line feeds must not fill the memory.</summary>
    public int MaximumLineLength { get; init; } = 1 << 25;

    /// <summary>Most tokens that the encoder reads; null (default): no limit. Documents of raw text are never cut.</summary>
    public int? MaxSourceLength { get; init; }

    /// <summary>Most tokens that the decoder writes, eos included; null (default): no limit.</summary>
    public int? MaxTargetLength { get; init; }

    /// <summary>What happens to an example that is longer. Default: it is cut.</summary>
    public LongExamples LongExamples { get; init; }

    /// <summary>Which end of the encoder's tokens is cut; null (default): that of the tokenizer's files. Targets lose their end.</summary>
    public TruncationSide? SourceTruncation { get; init; }

    /// <summary>Whether text such as <c>&lt;eos&gt;</c> becomes the special token, as in the reference (default); false for data that is not trusted.</summary>
    public bool ParseSpecial { get; init; } = true;

    /// <summary>Threads that turn text into ids; the order stays that of the files. Default: one for each processor.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Folder of the temporary files; null (default): the system's. One in memory, as <c>/tmp</c> may be, defeats their purpose.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>Checks the settings.</summary>
    /// <exception cref="ArgumentException">One is out of range; the message names all.</exception>
    public void Validate()
    {
        (string Name, int? Value)[] atLeastOne = [(nameof(MaximumLineLength), MaximumLineLength), (nameof(MaxSourceLength), MaxSourceLength), (nameof(MaxTargetLength), MaxTargetLength), (nameof(Threads), Threads)];
        var faults = atLeastOne.Where(setting => setting.Value < 1).Select(setting => $"{setting.Name}: expected at least 1, got {setting.Value}");
        if (string.Join("; ", faults) is { Length: > 0 } message)
            throw new ArgumentException(message);
    }

    /// <summary>The settings on which the stored examples depend beside the rows, for fingerprints.</summary>
    internal string Fingerprint() => string.Create(CultureInfo.InvariantCulture, $"source={MaxSourceLength};target={MaxTargetLength};long={LongExamples};side={SourceTruncation};special={ParseSpecial}");
}

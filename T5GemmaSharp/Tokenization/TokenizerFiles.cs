using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Tokenization;

/// <summary>The files that a tokenizer was read from, kept so that they can be saved beside a model unchanged.</summary>
internal sealed class TokenizerFiles
{
    public const string TokenizerJson = "tokenizer.json";
    public const string TokenizerConfig = "tokenizer_config.json";
    public const string SpecialTokensMap = "special_tokens_map.json";

    private static readonly string[] OptionalNames = [TokenizerConfig, SpecialTokensMap, "added_tokens.json", "tokenizer.model", "chat_template.jinja"];

    private const string AdditionalTemplates = "additional_chat_templates";

    private readonly List<(string Name, Func<byte[]> Read)> _files = [];

    private TokenizerFiles(string location) => Location = location;

    /// <summary>Where the files come from, for messages.</summary>
    public string Location { get; }

    /// <summary>The names of the files, with <c>/</c> behind the name of a folder.</summary>
    public IEnumerable<string> Names => _files.Select(file => file.Name);

    /// <summary>The tokenizer files of a folder, or of the folder that holds the given <c>tokenizer.json</c>.</summary>
    /// <exception cref="DirectoryNotFoundException">There is neither a folder nor a file of this name.</exception>
    /// <exception cref="FileNotFoundException">The folder has no <c>tokenizer.json</c>.</exception>
    public static TokenizerFiles Of(string path)
    {
        if (!Directory.Exists(path) && !File.Exists(path))
            throw new DirectoryNotFoundException($"{path}: expected a folder with {TokenizerJson}, there is none");
        var main = Directory.Exists(path) ? Path.Combine(path, TokenizerJson) : path;
        if (!File.Exists(main))
            throw new FileNotFoundException($"{main}: expected a tokenizer file, it is missing", main);

        var folder = Path.GetDirectoryName(Path.GetFullPath(main))!; // a file always lies in a folder
        var files = new TokenizerFiles(folder);
        files._files.Add((TokenizerJson, () => File.ReadAllBytes(main)));
        foreach (var name in OptionalNames.Concat(FindAdditionalTemplates(folder)))
        {
            var file = Path.Combine(folder, name);
            if (File.Exists(file))
                files._files.Add((name, () => File.ReadAllBytes(file)));
        }

        return files;
    }

    /// <summary>Files that are in memory.</summary>
    public static TokenizerFiles Of(byte[] tokenizerJson, byte[]? tokenizerConfig)
    {
        var files = new TokenizerFiles("memory");
        files._files.Add((TokenizerJson, () => tokenizerJson));
        if (tokenizerConfig is not null)
            files._files.Add((TokenizerConfig, () => tokenizerConfig));
        return files;
    }

    /// <summary>The bytes of a file; null when it is not there.</summary>
    public byte[]? Read(string name) => _files.Find(file => file.Name == name).Read?.Invoke();

    /// <summary>The name of a file, for messages.</summary>
    public string Describe(string name) => Path.Combine(Location, name);

    /// <summary>Writes every file into a folder; a reader never sees half a file.</summary>
    public void SaveTo(string folder)
    {
        Directory.CreateDirectory(folder);
        if (Names.Any(name => name.StartsWith(AdditionalTemplates, StringComparison.Ordinal)))
            Directory.CreateDirectory(Path.Combine(folder, AdditionalTemplates));
        foreach (var (name, read) in _files)
            WriteWhole(Path.Combine(folder, name), read());
    }

    private static IEnumerable<string> FindAdditionalTemplates(string folder)
    {
        var templates = Path.Combine(folder, AdditionalTemplates);
        return Directory.Exists(templates)
            ? Directory.GetFiles(templates, "*.jinja").Order(StringComparer.Ordinal).Select(file => $"{AdditionalTemplates}/{Path.GetFileName(file)}")
            : [];
    }

    private static void WriteWhole(string path, byte[] bytes)
    {
        using var file = new TemporaryFile(path, bytes.Length);
        RandomAccess.Write(file.Handle, bytes, fileOffset: 0);
        file.Complete();
        file.Commit();
    }
}

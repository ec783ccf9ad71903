using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>The files that a tokenizer was read from, kept so that they can be saved beside a model unchanged.</summary>
internal sealed class TokenizerFiles
{
    public const string TokenizerJson = "tokenizer.json";
    public const string TokenizerModel = "tokenizer.model";
    public const string TokenizerConfig = "tokenizer_config.json";
    public const string SpecialTokensMap = "special_tokens_map.json";
    public const string AddedTokens = "added_tokens.json";

    private const string AdditionalTemplates = "additional_chat_templates";
    private static readonly string[] KnownNames = [TokenizerJson, TokenizerModel, TokenizerConfig, SpecialTokensMap, AddedTokens, "chat_template.jinja"];

    private readonly List<(string Name, Func<byte[]> Read)> _files = [];

    private TokenizerFiles(string location, string main) => (Location, Main) = (location, main);

    /// <summary>Where the files come from, for messages.</summary>
    public string Location { get; }

    /// <summary>Name of the file with the vocabulary.</summary>
    public string Main { get; }

    /// <summary>The names of the files, with <c>/</c> behind the name of a folder.</summary>
    public IEnumerable<string> Names => _files.Select(file => file.Name);

    /// <summary>Whether a folder has a vocabulary file.</summary>
    public static bool AreIn(string folder) => MainIn(folder) is not null;

    /// <summary>The tokenizer files of a folder, or of the folder that holds the given vocabulary file.</summary>
    /// <exception cref="DirectoryNotFoundException">There is neither a folder nor a file of this name.</exception>
    /// <exception cref="FileNotFoundException">The folder has no vocabulary file.</exception>
    public static TokenizerFiles Of(string path)
    {
        if (File.Exists(path))
            return Of(Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path)); // a file always lies in a folder
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"{path}: expected a folder with {TokenizerJson} or {TokenizerModel}, there is none");
        var main = MainIn(path)
            ?? throw new FileNotFoundException($"{Path.Combine(path, TokenizerJson)}: expected a tokenizer file, it is missing, and so is {TokenizerModel}", Path.Combine(path, TokenizerJson));
        return Of(Path.GetFullPath(path), main);
    }

    /// <summary>Files that are in memory.</summary>
    /// <param name="main">Name of the file with the vocabulary.</param>
    /// <param name="vocabulary">Its bytes.</param>
    /// <param name="tokenizerConfig">The bytes of <c>tokenizer_config.json</c>; null when there is none.</param>
    public static TokenizerFiles Of(string main, byte[] vocabulary, byte[]? tokenizerConfig)
    {
        var files = new TokenizerFiles("memory", main);
        files._files.Add((main, () => vocabulary));
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
        foreach (var (name, read) in _files)
        {
            var path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // it lies at least in the folder
            TemporaryFile.Write(path, read());
        }
    }

    private static string? MainIn(string folder) => Array.Find([TokenizerJson, TokenizerModel], name => File.Exists(Path.Combine(folder, name)));

    private static TokenizerFiles Of(string folder, string main)
    {
        var files = new TokenizerFiles(folder, main);
        foreach (var name in KnownNames.Append(main).Distinct().Concat(FindAdditionalTemplates(folder)))
        {
            var file = Path.Combine(folder, name);
            if (File.Exists(file))
                files._files.Add((name, () => File.ReadAllBytes(file)));
        }

        return files;
    }

    private static IEnumerable<string> FindAdditionalTemplates(string folder)
    {
        var templates = Path.Combine(folder, AdditionalTemplates);
        return Directory.Exists(templates)
            ? Directory.GetFiles(templates, "*.jinja").Order(StringComparer.Ordinal).Select(file => $"{AdditionalTemplates}/{Path.GetFileName(file)}")
            : [];
    }
}

using System.Text;
using System.Text.Json;
using T5GemmaSharp.Tokenization.Formats;

namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>Finds the chat templates among a tokenizer's files.</summary>
internal static class ChatTemplateFiles
{
    /// <summary>Name of the template that is used when none is named.</summary>
    public const string DefaultName = "default";

    private const string MainFile = "chat_template.jinja";
    private const string Extension = ".jinja";
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The templates by name; those of files replace all of <c>tokenizer_config.json</c>, as in the reference.</summary>
    /// <exception cref="TokenizerFormatException">A file is not UTF-8, or the configuration's field has another form.</exception>
    public static IReadOnlyDictionary<string, ChatTemplate> Read(TokenizerFiles files)
    {
        var templates = ReadJinjaFiles(files);
        if (templates.Count == 0)
            templates = ReadConfiguration(files);
        if (templates.Count == 0)
            templates.Add(DefaultName, ChatTemplate.Gemma);
        return templates;
    }

    private static Dictionary<string, ChatTemplate> ReadJinjaFiles(TokenizerFiles files)
    {
        var templates = new Dictionary<string, ChatTemplate>(StringComparer.Ordinal);
        foreach (var file in files.Names.Where(name => name.EndsWith(Extension, StringComparison.Ordinal)))
        {
            var name = file == MainFile ? DefaultName : Path.GetFileNameWithoutExtension(file);
            templates[name] = ChatTemplate.ParseLater(Decode(files, file), file);
        }

        return templates;
    }

    private static Dictionary<string, ChatTemplate> ReadConfiguration(TokenizerFiles files)
    {
        var templates = new Dictionary<string, ChatTemplate>(StringComparer.Ordinal);
        if (files.Read(TokenizerFiles.TokenizerConfig) is not { } json)
            return templates;
        var file = files.Describe(TokenizerFiles.TokenizerConfig);
        using var document = JsonSections.ParseDocument(json, file);
        var field = new JsonField(file, "", document.RootElement).Find("chat_template");
        foreach (var (name, source) in JsonSections.Guard(file, () => ReadField(field).ToList(), "chat_template"))
            templates[name] = ChatTemplate.ParseLater(source, name == DefaultName ? "chat_template" : $"chat_template \"{name}\"");
        return templates;
    }

    private static IEnumerable<(string Name, string Source)> ReadField(JsonField? field) => field switch
    {
        null => [],
        { Kind: JsonValueKind.Array } list => list.Items().Select(item => (item.Get("name").String(), item.Get("template").String())),
        { } text => [(DefaultName, text.String())],
    };

    private static string Decode(TokenizerFiles files, string file)
    {
        try
        {
            return StrictUtf8.GetString(files.Read(file)!); // the name is one of the files'
        }
        catch (DecoderFallbackException exception)
        {
            throw new TokenizerFormatException(files.Describe(file), "text", $"expected UTF-8, got: {exception.Message}", exception);
        }
    }
}

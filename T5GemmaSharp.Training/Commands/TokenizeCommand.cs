using System.CommandLine;
using System.Globalization;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>tokenize</c>: from text to ids and back, for a person or, line by line, for a program. It needs no libtorch.</summary>
internal static class TokenizeCommand
{
    private static readonly Argument<string[]> Texts = TextsArgument.Create("Texts, or with --decode ids. Without any: one text from --file or standard input.");

    private static readonly Option<string> Model = new("--model") { Description = "Folder with tokenizer.json, or that file.", HelpName = "DIR", Required = true };
    private static readonly Option<string?> InputFile = new("--file") { Description = "Read this file in place of standard input.", HelpName = "FILE" };
    private static readonly Option<bool> Lines = new("--jsonl") { Description = "For programs: a JSON string a line in, a JSON array of ids a line out." };
    private static readonly Option<bool> Decode = new("--decode") { Description = "From ids to text; without ids on the command line a JSON array a line in, a JSON string a line out." };
    private static readonly Option<bool> SkipSpecial = new("--skip-special") { Description = "With --decode: leave special tokens out." };
    private static readonly Option<bool> Special = new("--special") { Description = "Put bos and eos around each text as the tokenizer's files say. Default: neither." };
    private static readonly Option<bool> Bos = new("--bos") { Description = "Put bos in front of each text." };
    private static readonly Option<bool> Eos = new("--eos") { Description = "Put eos behind each text." };
    private static readonly Option<bool> NoParseSpecial = new("--no-parse-special") { Description = "For text that is not trusted: special tokens written in it stay plain text." };
    private static readonly Option<bool> Ids = new("--ids") { Description = "Print only the ids, a line a text." };
    private static readonly Option<bool> Count = new("--count") { Description = "Print only the number of tokens, a line a text." };
    private static readonly Option<bool> Offsets = new("--offsets") { Description = "With --jsonl: a line out is {\"ids\":[...],\"offsets\":[[start,end],...]}, in UTF-16 units." };
    private static readonly Option<bool> Json = SharedOptions.Json();

    // Pairs of which the second would be ignored.
    private static readonly (Option<bool> Option, Option<bool>[] Others)[] Contradictions =
    [
        (Lines, [Ids, Count, Json]),
        (Decode, [Special, Bos, Eos, NoParseSpecial, Ids, Count, Offsets, Json]),
        (Json, [Ids, Count]),
        (Ids, [Count]),
    ];

    public static Command Create()
    {
        var command = new Command("tokenize", "Shows the tokens of texts, or turns lines of text into ids and back.")
        {
            Texts, Model, InputFile, Lines, Decode, SkipSpecial, Special, Bos, Eos, NoParseSpecial, Ids, Count, Offsets, Json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        var texts = TextsArgument.Read(result, Texts);
        Check(result, texts);
        var tokenizer = T5GemmaTokenizer.FromPretrained(result.GetRequiredValue(Model));
        var choices = new EncodingChoices(
            AddBos: Around(result, Bos, tokenizer.BosId, tokenizer.AddsBos),
            AddEos: Around(result, Eos, tokenizer.EosId, tokenizer.AddsEos),
            ParseSpecial: !result.GetValue(NoParseSpecial));
        var decode = result.GetValue(Decode);
        if (result.GetValue(Lines) || (decode && texts.Length == 0))
            ConvertLines(result, tokenizer, choices);
        else if (decode)
            Console.WriteLine(tokenizer.Decode(texts.SelectMany(ParseIds), result.GetValue(SkipSpecial)));
        else
            Print(result, tokenizer, texts.Length > 0 ? texts : [TextInput.ReadAll(result.GetValue(InputFile))], choices);
        return ExitCode.Done;
    }

    private static void Check(ParseResult result, string[] texts)
    {
        foreach (var (option, others) in Contradictions.Where(pair => result.GetValue(pair.Option)))
        {
            if (Array.Find(others, other => result.GetValue(other)) is { } other)
                throw new UsageException($"{other.Name}: expected without {option.Name}, got both");
        }

        Demand(result, SkipSpecial, Decode);
        Demand(result, Offsets, Lines);
        if (texts.Length > 0 && (result.GetValue(Lines) || result.GetValue(InputFile) is not null))
            throw new UsageException($"'{texts[0]}': expected no texts beside {Lines.Name} or {InputFile.Name}, got {texts.Length}");
    }

    private static void Demand(ParseResult result, Option<bool> option, Option<bool> companion)
    {
        if (result.GetValue(option) && !result.GetValue(companion))
            throw new UsageException($"{option.Name}: expected with {companion.Name}, got it alone");
    }

    private static bool Around(ParseResult result, Option<bool> option, int? id, bool filesAdd)
    {
        if (result.GetValue(option) && id is null)
            throw new UsageException($"{option.Name}: expected a tokenizer that has one, this one has none");
        return result.GetValue(option) || (result.GetValue(Special) && filesAdd);
    }

    private static void ConvertLines(ParseResult result, T5GemmaTokenizer tokenizer, EncodingChoices choices)
    {
        ILineConverter converter = result.GetValue(Decode) ? new DecodingLineConverter(tokenizer, result.GetValue(SkipSpecial))
            : result.GetValue(Offsets) ? new OffsetsLineConverter(tokenizer, choices)
            : new EncodingLineConverter(tokenizer, choices);
        var file = result.GetValue(InputFile);
        using var input = TextInput.Open(file);
        JsonLines.Convert(input, TextInput.Name(file), LineOutput.Standard(), converter);
    }

    private static void Print(ParseResult result, T5GemmaTokenizer tokenizer, string[] texts, EncodingChoices choices)
    {
        var tokens = texts.Select(text => (Text: text, Tokens: tokenizer.EncodeToTokens(text, choices.AddBos, choices.AddEos, choices.ParseSpecial)));
        if (result.GetValue(Json))
        {
            Console.WriteLine(TokenReport.Json(tokens.Select(item => item.Tokens)));
            return;
        }

        foreach (var (text, list) in tokens)
            Console.WriteLine(result.GetValue(Count) ? $"{list.Count}" : result.GetValue(Ids) ? TokenReport.Ids(list) : TokenReport.Table(text, list));
    }

    private static IEnumerable<int> ParseIds(string argument)
        => argument.Split([' ', ',', '[', ']', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(word
            => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                ? id
                : throw new UsageException($"--decode: expected ids from 0, got '{word}'"));
}

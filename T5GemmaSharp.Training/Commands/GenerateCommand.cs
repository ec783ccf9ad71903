using System.CommandLine;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Training.Generation;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>generate</c>: answers texts.</summary>
internal static class GenerateCommand
{
    private const int DefaultBatchSize = 16;

    private static readonly Argument<string[]> Texts
        = TextsArgument.Create("Texts for the encoder. Without any: a text a line from --file, or from standard input, where each line is answered as it comes.");

    private static readonly Option<string> Model = SharedOptions.Model();
    private static readonly Option<string?> Adapter = new("--adapter") { Description = "Folder of a LoRA or DoRA adapter of the model, which is merged into the weights in memory.", HelpName = "DIR" };
    private static readonly Option<string[]> InputFile = new("--file")
    {
        Description = "Answer the lines of this file, those of like length together, in the order of the file. *.jsonl: rows of JSON. With --shard it may be given several times.",
        HelpName = "FILE",
    };

    private static readonly Option<bool> Jsonl = new("--jsonl")
    {
        Description = "Lines are JSON: a string, or an object with one of text, input, prompt or messages ([{\"role\": ..., \"content\": ...}]), and optionally decoder_prompt.",
    };

    private static readonly Option<string?> Out = new("--out") { Description = "Write the answers to this file, which appears when all are there.", HelpName = "FILE" };
    private static readonly Option<bool> Json = new("--json")
    {
        Description = "Write an answer as a line of JSON: index, result, text, ids, finish_reason, with beams score, with --output-scores token_scores. Otherwise as a line of text: with several texts line breaks become spaces.",
    };

    private static readonly Option<bool> Chat = new("--chat") { Description = "Each text is the user's turn of a conversation of its own, put into the chat template." };
    private static readonly Option<string?> DecoderPrompt = new("--decoder-prompt") { Description = "How every answer begins; it is not part of what is written.", HelpName = "TEXT" };
    private static readonly Option<bool> Untrusted = new("--untrusted") { Description = "Special tokens written in the texts stay plain text." };
    private static readonly Option<bool> KeepSpecial = new("--keep-special") { Description = "Keep special tokens in the answers." };
    private static readonly Option<string[]> BadWords = new("--bad-words") { Description = "Text that does not occur in an answer, at its beginning or behind a space. May be given several times.", HelpName = "TEXT" };
    private static readonly Option<string?> ConfigFile = new("--generation-config") { Description = "JSON file with settings in place of the model's; options come before it.", HelpName = "FILE" };
    private static readonly Option<string?> Assistant = new("--assistant-model") { Description = "Folder of a smaller model that drafts tokens for this one to check.", HelpName = "DIR" };
    private static readonly Option<long?> Seed = NumberOption.Create<long>("--seed", "Seed of sampling: the same texts in the same batches give the same answers.");
    private static readonly Option<int?> BatchSize = NumberOption.Create<int>("--batch-size", $"Most texts a batch. Default {DefaultBatchSize}; 1 with a draft model, prompt lookup or --stream.", least: 1);
    private static readonly Option<bool> NoSort = new("--no-sort") { Description = "Leave the texts in their order when batches are made." };
    private static readonly Option<bool> Stream = new("--stream")
    {
        Description = "Write each answer as text while it grows, one after the other. Default: where one text is answered once on a terminal.",
        HelpName = "true|false",
    };

    private static readonly Option<bool> Verbose = new("--verbose") { Description = "Say on standard error who computes the decoder's steps (kernels for CUDA or the CPU, or the modules), and why nobody faster does." };
    private static readonly Option<string> Device = SharedOptions.Device();
    private static readonly Option<string> DType = SharedOptions.DType();
    private static readonly Option<string?> Quantize = SharedOptions.Quantize();

    public static Command Create()
    {
        var command = new Command("generate", $"Answers texts. Settings come from the command line, --generation-config, the model's folder, in this order; answers have at most {GenerationRun.DefaultMaxNewTokens} tokens where none says it.")
        {
            Texts, Model, Adapter, InputFile, Jsonl, Out, ShardOptions.Shard, Json, Chat, DecoderPrompt, Untrusted, KeepSpecial, BadWords, ConfigFile, Assistant, Seed, BatchSize, NoSort, Stream, Verbose, Device, DType, Quantize,
        };
        foreach (var option in AnswerConstraintOptions.All)
            command.Add(option);
        foreach (var setting in GenerationSettingOptions.All)
            command.Add(setting.Option);
        command.SetTorchAction(result => GenerationRun.Run(Read(result)));
        return command;
    }

    private static GenerationRequest Read(ParseResult result)
    {
        var (texts, file) = (TextsArgument.Read(result, Texts), result.GetValue(InputFile)?.FirstOrDefault());
        if (texts.Length > 0 && (file is not null || result.GetValue(Jsonl)))
            throw new UsageException($"'{texts[0]}': expected no texts beside {InputFile.Name} or {Jsonl.Name}, got {texts.Length}");
        if (result.GetValue(Stream))
            CheckStream(result);
        var config = result.GetValue(ConfigFile) is { } path ? GenerationConfig.FromJson(File.ReadAllText(path), path) : new GenerationConfig();
        config = GenerationSettingOptions.All.Aggregate(config, (settings, setting) => setting.Apply(settings, result));
        var isSingle = result.GetValue(Stream) || result.GetValue(Assistant) is not null || config.PromptLookupNumTokens is not null;
        return new GenerationRequest
        {
            Model = result.GetRequiredValue(Model),
            Adapter = result.GetValue(Adapter),
            Device = result.GetRequiredValue(Device),
            DType = result.GetRequiredValue(DType),
            Quantization = SharedOptions.ResolveQuantization(result.GetValue(Quantize)),
            Texts = texts,
            File = file,
            Shard = ShardOptions.Read(result, InputFile, Out, Verbose, Device),
            ReadsJson = result.GetValue(Jsonl) || (file is not null && TextInput.IsJson(file)),
            Out = result.GetValue(Out),
            WritesJson = result.GetValue(Json) || (result.GetValue(Out) is { } output && TextInput.IsJson(output)),
            Streams = result.GetResult(Stream) is { Implicit: false } ? result.GetValue(Stream) : null,
            IsChat = result.GetValue(Chat),
            ParseSpecial = !result.GetValue(Untrusted),
            SkipSpecialTokens = !result.GetValue(KeepSpecial),
            DecoderPrompt = result.GetValue(DecoderPrompt),
            BatchSize = result.GetValue(BatchSize) ?? (isSingle ? 1 : DefaultBatchSize),
            Sort = !result.GetValue(NoSort) && !result.GetValue(Stream),
            Seed = result.GetValue(Seed),
            AssistantModel = result.GetValue(Assistant),
            IsVerbose = result.GetValue(Verbose),
            Config = config,
            Constraint = AnswerConstraintOptions.Read(result),
            BadWords = result.GetValue(BadWords) ?? [],
        };
    }

    private static void CheckStream(ParseResult result)
    {
        foreach (var option in new Option[] { Json, Out }.Where(option => result.GetResult(option) is { Implicit: false }))
            throw new UsageException($"{option.Name}: expected without {Stream.Name}, which writes text to standard output, got both");
        if (result.GetValue(BatchSize) is > 1 and var size)
            throw new UsageException($"{BatchSize.Name}: expected 1 with {Stream.Name}, got {size}");
    }
}

using System.Runtime.ExceptionServices;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Distributed.Sharding;
using T5GemmaSharp.Training.Logging;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Answers what a command line asks, from its texts, a file or standard input.</summary>
internal sealed class GenerationRun
{
    /// <summary>Longest answer in tokens where neither the command line nor the model says it.</summary>
    public const int DefaultMaxNewTokens = 256;

    private readonly GenerationRequest _request;
    private readonly PromptEncoder _encoder;
    private readonly TextGenerator _generator;
    private readonly AnswerOutput _output;
    private readonly AnswerStream? _stream;
    private readonly CancellationToken _cancellation;

    private GenerationRun(GenerationRequest request, PromptEncoder encoder, TextGenerator generator, AnswerOutput output, AnswerStream? stream, CancellationToken cancellation)
        => (_request, _encoder, _generator, _output, _stream, _cancellation) = (request, encoder, generator, output, stream, cancellation);

    // A batch whose answers will be in a file is finished; on a screen nobody waits for it.
    private CancellationToken BatchCancellation => _request.Out is null ? _cancellation : CancellationToken.None;

    /// <summary>Runs the request.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(GenerationRequest request)
    {
        using var interruption = new Interruption();
        if (request.Shard is { } shard)
            return RunShard(request, shard, interruption.Token);
        return AnswerFile.Run(request.Out, file => Run(request, file, interruption.Token));
    }

    private static int Run(GenerationRequest request, AnswerFile? file, CancellationToken cancellation)
    {
        // Texts first: a fault in them costs no loading of the model.
        var (tokenizer, encoder) = Encoder(request);
        var constraint = request.Constraint?.Invoke(tokenizer);
        var prompts = Prompts(request)?.Select(encoder.Encode).ToList();
        return WithGenerator(request, tokenizer, constraint, (model, generator) =>
        {
            var format = request.WritesJson ? AnswerFormat.Json : file is null && request.Texts.Count == 1 ? AnswerFormat.Text : AnswerFormat.Line;
            var cut = new CutAnswers(constraint);
            using var worker = request.Streams ?? (request.SuitsTerminal && generator.CanStream && !Console.IsOutputRedirected) ? new GenerationWorker(model, tokenizer) : null;
            var stream = worker is null ? null : new AnswerStream(worker, generator, format, cut);
            var run = new GenerationRun(request, encoder, generator, new AnswerOutput(file, format, cut), stream, cancellation);
            return TellingCuts(cut, () => prompts is null ? run.AnswerArriving() : run.AnswerAll(prompts));
        });
    }

    private static int RunShard(GenerationRequest request, ShardRequest shard, CancellationToken cancellation)
    {
        var (tokenizer, encoder) = Encoder(request);
        var constraint = request.Constraint?.Invoke(tokenizer);
        var cut = new CutAnswers(constraint);
        var format = request.WritesJson ? AnswerFormat.Json : AnswerFormat.Line;
        return TellingCuts(cut, () => ShardRun.Run(
            shard,
            request.BatchSize,
            (line, place) => PromptLines.Read(line, place, request.ReadsJson),
            work => WithGenerator(request, tokenizer, constraint, (_, generator) =>
            {
                work((first, prompts) =>
                {
                    generator.BeginAt(first); // a portion has no more batches than rows
                    var numbered = prompts.Select((prompt, index) => encoder.Encode(prompt) with { Index = checked((int)(first + index)) }).ToList();
                    var answers = PromptBatches.Plan(numbered, request.BatchSize, request.Sort).SelectMany(batch => generator.Answer(batch, cancellation)).OrderBy(answer => answer.Index).ToList();
                    answers.ForEach(answer => cut.Add(answer.Ids, answer.FinishReason));
                    return answers.Select(answer => answer.Write(format));
                });
                return ExitCode.Done;
            }),
            cancellation));
    }

    private static (T5GemmaTokenizer Tokenizer, PromptEncoder Encoder) Encoder(GenerationRequest request)
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(request.Model);
        if (tokenizer.PadId is null && request.BatchSize > 1)
            throw new UsageException($"--batch-size: expected 1 with a tokenizer that has no padding token, got {request.BatchSize}");
        return (tokenizer, new PromptEncoder(tokenizer) { IsChat = request.IsChat, ParseSpecial = request.ParseSpecial, DecoderPrompt = request.DecoderPrompt });
    }

    private static int TellingCuts(CutAnswers cut, Func<int> run)
    {
        try
        {
            return run();
        }
        finally
        {
            if (cut.Warning is { } warning)
                Console.Error.WriteLine(warning);
        }
    }

    /// <summary>Loads the model for as long as its generator is used.</summary>
    private static int WithGenerator(GenerationRequest request, T5GemmaTokenizer tokenizer, TokenConstraint? constraint, Func<T5GemmaForConditionalGeneration, TextGenerator, int> use)
    {
        using var model = request.Adapter is { } adapter
            ? ModelFolder.LoadMerged(request.Model, adapter, request.Device, request.DType, request.Quantization)
            : ModelFolder.LoadModel(request.Model, request.Device, request.DType, request.Quantization);
        using var assistant = request.AssistantModel is { } folder ? ModelFolder.LoadModel(folder, request.Device, request.DType) : null;
        var routes = new DecodingRoutes(request.IsVerbose ? Console.Error : null);
        return use(model, new TextGenerator(model, tokenizer, Complete(request, model, tokenizer))
        {
            SkipSpecialTokens = request.SkipSpecialTokens,
            AssistantModel = assistant,
            Seed = request.Seed,
            Constraint = constraint,
            OnRoute = routes.Add,
        });
    }

    /// <summary>The prompts that are known before the first answer; null: they arrive on standard input.</summary>
    private static List<Prompt>? Prompts(GenerationRequest request)
    {
        if (request.Texts.Count > 0)
            return [.. request.Texts.Select((text, index) => new Prompt($"text {index + 1}", text))];
        if (request.File is not { } file)
            return null;
        using var input = TextInput.Open(file);
        return new PromptLines(input, file, request.ReadsJson).ReadAll();
    }

    private static GenerationConfig Complete(GenerationRequest request, T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer)
    {
        var (config, defaults) = (request.Config, model.GenerationConfig);
        if ((config.MaxNewTokens ?? config.MaxLength ?? defaults.MaxNewTokens ?? defaults.MaxLength) is null)
            config = config with { MaxNewTokens = DefaultMaxNewTokens };
        if (request.BadWords.Count == 0)
            return config;

        // A word has other tokens at the beginning of a text than behind a space.
        var words = request.BadWords.SelectMany(word => new[] { word, $" {word}" }).Select(word => tokenizer.Encode(word, addBos: false, addEos: false));
        return config with { BadWordsIds = [.. config.BadWordsIds ?? [], .. words.Select(ids => ids.Select(id => (long)id).ToArray())] };
    }

    private int AnswerAll(List<EncodedPrompt> prompts)
    {
        var ordered = new OrderedAnswers(_output.Write);
        var answered = 0;
        if (_request.File is not null && (_request.Out is not null || Console.IsOutputRedirected))
            GenerationConsole.Run(prompts.Count, AnswerBatches);
        else
            AnswerBatches(_ => { });

        // Lines of text are told apart by their place alone.
        if (_request.WritesJson)
            ordered.ReleaseRest();
        _output.Flush();
        return _cancellation.IsCancellationRequested && answered < prompts.Count ? ExitCode.Interrupted : ExitCode.Done;

        void AnswerBatches(Action<int> report)
        {
            try
            {
                foreach (var batch in PromptBatches.Plan(prompts, _request.BatchSize, _request.Sort).TakeWhile(_ => !_output.IsClosed))
                {
                    _cancellation.ThrowIfCancellationRequested();
                    Answer(batch, ordered.Add);
                    _output.Flush();
                    report(answered += batch.Length);
                }
            }
            catch (OperationCanceledException)
            {
                // what is ready is written, and the exit code tells
            }
        }
    }

    private int AnswerArriving()
    {
        if (!Console.IsInputRedirected)
            Console.Error.WriteLine("a text a line; the end of the input (Ctrl-D; Ctrl-Z on Windows) ends the program");
        using var input = TextInput.Open(file: null);
        var lines = new PromptLines(input, TextInput.Name(file: null), _request.ReadsJson);

        // Reading cannot be interrupted; it is left alone when the program ends.
        while (Task.Run(lines.ReadArrived).WaitAsync(_cancellation).GetAwaiter().GetResult() is { } arrived && !_output.IsClosed)
        {
            var (prompts, fault) = EncodeUntilFault(arrived);
            foreach (var batch in PromptBatches.Plan(prompts, _request.BatchSize, sort: false))
            {
                _cancellation.ThrowIfCancellationRequested();
                Answer(batch, answers => answers.ForEach(_output.Write));
                _output.Flush();
            }

            fault?.Throw();
        }

        return ExitCode.Done;
    }

    private void Answer(EncodedPrompt[] batch, Action<List<Answer>> write)
    {
        if (_stream is null)
            write([.. _generator.Answer(batch, BatchCancellation)]);
        else
            Array.ForEach(batch, prompt => _stream.Write(prompt, _cancellation));
    }

    private (List<EncodedPrompt> Prompts, ExceptionDispatchInfo? Fault) EncodeUntilFault(IEnumerable<Prompt> arrived)
    {
        var prompts = new List<EncodedPrompt>();
        try
        {
            foreach (var prompt in arrived)
                prompts.Add(_encoder.Encode(prompt));
            return (prompts, null);
        }
        catch (FormatException exception)
        {
            return (prompts, ExceptionDispatchInfo.Capture(exception));
        }
    }
}

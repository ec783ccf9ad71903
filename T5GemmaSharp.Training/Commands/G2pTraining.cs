using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Evaluation;
using T5GemmaSharp.Training.Logging;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Recipes.G2p;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Trains the embedded recipe, measures the result, saves it and shows a few answers.</summary>
internal static class G2pTraining
{
    private const int SampleWords = 500;
    private const int ShownWords = 10;
    private const int ValidationBatchSize = 512;

    public static int Run(G2pTrainingRequest request)
    {
        request.Training.Validate();
        if (request is { Resume: not null, Out: not null })
            throw new UsageException($"--out: expected none with --resume, which goes on in {request.Resume}, got {request.Out}");
        if (request is { CheckpointLimit: < 1 })
            throw new UsageException($"--checkpoint-limit: expected at least 1, got {request.CheckpointLimit}");
        using var interruption = new Interruption();
        var device = SharedOptions.ResolveDevice(request.Device);
        var recipe = G2pRecipe.Load();
        var config = recipe.CreateConfig(request.Model);
        var folder = request.Resume ?? RunFolder.Reserve(request.Out, G2pRecipe.Name);
        try
        {
            return Train(request, recipe, config, device, folder, interruption.Token);
        }
        finally
        {
            RunFolder.ReleaseIfEmpty(folder);
        }
    }

    private static int Train(G2pTrainingRequest request, G2pRecipe recipe, T5GemmaConfig config, torch.Device device, string folder, CancellationToken cancellation)
    {
        var options = request.Training;
        var checkpoints = new TrainingCheckpoints(folder, request.CheckpointLimit);
        var examples = new Seq2SeqExamples(recipe.Encode(recipe.Words(DataSplit.Train)));
        var identity = RunIdentity.Of(options, request.Loss, examples.Fingerprint());
        var checkpoint = request.Resume is null ? null : checkpoints.Latest;
        var begun = checkpoint is null ? null : RunStateFile.Read(checkpoint);
        if (!request.ResumesInAnyCase)
            begun?.CheckIdentity(identity);

        using var model = checkpoint is null ? Create(config, options.Seed, device) : Load(checkpoint, device);
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer);
        if (begun is not null)
        {
            using var stored = OptimizerFile.Open(checkpoint!); // it was read from there
            optimizer.Load(stored, begun.State.Step);
        }

        var validation = new Validation(recipe, model, options.Steps, cancellation);
        Console.WriteLine($"{examples.CountOf(epoch: 0)} pronunciations, {model.parameters().Sum(parameter => parameter.numel())} parameters, {options.Steps} steps of {options.BatchSize} on {device}");
        var trainer = new Trainer(new Seq2SeqTask(model, examples, request.Loss), options);
        var result = TrainingConsole.Run(options.Steps, observer => trainer.Run(optimizer, Hooks(observer), begun?.State, cancellation));
        model.eval();
        if (result.Interrupted)
        {
            Console.WriteLine($"interrupted after step {result.State.Step}; --resume {folder} goes on");
        }
        else
        {
            AtomicFolder.Add(folder, last: "config.json", temporary =>
            {
                WriteModel(temporary);
                TrainerState.Write(temporary, result.State, options);
            });
        }

        validation.PrintAnswers();
        Console.WriteLine(folder);
        return result.Interrupted ? ExitCode.Interrupted : ExitCode.Done;

        TrainingHooks Hooks(ITrainingObserver observer) => new()
        {
            Evaluate = validation.Measure,
            Observer = observer,
            Checkpoint = (state, current) => checkpoints.Save(new RunStateFile { State = state, Identity = identity }, options, current, WriteModel),
        };

        void WriteModel(string target)
        {
            model.SavePretrained(target);
            recipe.Tokenizer.SavePretrained(target);
        }
    }

    private static T5GemmaForConditionalGeneration Create(T5GemmaConfig config, ulong seed, torch.Device device)
    {
        torch.manual_seed((long)seed);
        if (device.type == DeviceType.CUDA)
            torch.cuda.manual_seed((long)seed); // a device draws from a generator of its own
        return T5GemmaForConditionalGeneration.FromConfig(config, new PretrainedOptions { Device = device });
    }

    // A copy: the checkpoint may be removed while its weights are in use.
    private static T5GemmaForConditionalGeneration Load(string checkpoint, torch.Device device)
        => T5GemmaForConditionalGeneration.FromPretrained(checkpoint, new PretrainedOptions { Device = device, UseMemoryMap = false });

    /// <summary>Measures on words that were not trained on: a sample on the way, all at the end.</summary>
    private sealed class Validation(G2pRecipe recipe, T5GemmaForConditionalGeneration model, int steps, CancellationToken cancellation)
    {
        private readonly IReadOnlyList<PronunciationEntry> _words = recipe.Words(DataSplit.Validation);
        private IReadOnlyList<string> _predictions = [];

        public EvaluationReport Measure(int step)
        {
            // The words are in alphabetical order: take them at even distances.
            var words = step == steps ? _words : [.. _words.Where((_, index) => index % (_words.Count / SampleWords) == 0)];
            var (errors, predictions) = new G2pEvaluator(model, recipe.Tokenizer).Evaluate(words, cancellation);
            if (step == steps)
                _predictions = predictions;
            var loss = ValidationLoss.Compute(model, recipe.Encode(words), ValidationBatchSize);
            return new EvaluationReport(step, new Dictionary<string, double>
            {
                ["loss"] = loss,
                ["phoneme_error_rate"] = errors.PhonemeErrorRate,
                ["word_error_rate"] = errors.WordErrorRate,
                ["words"] = errors.Words,
            });
        }

        public void PrintAnswers()
        {
            if (_predictions.Count == 0)
                return;
            Console.WriteLine("words it never saw:");
            for (var shown = 0; shown < ShownWords; shown++)
            {
                var index = (int)((shown + 0.5) * _words.Count / ShownWords);
                var (entry, prediction) = (_words[index], _predictions[index]);
                var mark = entry.Pronunciations.Contains(prediction) ? "right" : "wrong";
                Console.WriteLine($"  {entry.Word,-16} {mark}  {prediction}" + (mark == "right" ? "" : $"  (expected {string.Join(" or ", entry.Pronunciations)})"));
            }
        }
    }
}

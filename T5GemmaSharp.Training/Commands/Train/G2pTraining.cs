using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Evaluation;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Recipes.G2p;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Trains the embedded recipe, measures the result, saves it and shows a few answers.</summary>
internal static class G2pTraining
{
    private const int SampleWords = 500;
    private const int ShownWords = 10;
    private const int ValidationBatchSize = 512;

    public static int Run(G2pTrainingRequest request)
    {
        request.Training.Validate();
        using var interruption = new Interruption();
        var device = SharedOptions.ResolveDevice(request.Device);
        var recipe = G2pRecipe.Load();
        var config = recipe.CreateConfig(request.Model);
        return TrainerOptions.InFolder(request.Run, G2pRecipe.Name, run => Train(request with { Run = run }, recipe, config, device, interruption.Token));
    }

    private static int Train(G2pTrainingRequest request, G2pRecipe recipe, T5GemmaConfig config, torch.Device device, CancellationToken cancellation)
    {
        var options = request.Training;
        var examples = new Seq2SeqExamples(recipe.Encode(recipe.Words(DataSplit.Train)));
        var run = new TrainingRun(request.Run, options, request.Loss, examples.Fingerprint());
        using var model = run.Checkpoint is { } checkpoint ? Load(checkpoint, device) : Create(config, options.Seed, device);
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer, request.Run.Parallel);
        var validation = new Validation(recipe, model, options.Steps, cancellation);
        Console.WriteLine($"{examples.CountOf(epoch: 0)} pronunciations, {model.parameters().Sum(parameter => parameter.numel())} parameters, {options.Steps} steps of {options.BatchSize} on {device}");
        var result = run.Train(new Seq2SeqTask(model, examples, request.Loss), optimizer, validation.Measure, WriteModel, cancellation);
        validation.PrintAnswers();
        Console.WriteLine(request.Run.Folder);
        return result.Interrupted ? ExitCode.Interrupted : ExitCode.Done;

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

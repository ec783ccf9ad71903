using System.Globalization;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Commands.Train;
using T5GemmaSharp.Training.Evaluation.Metrics;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>Trains a model of a folder on files.</summary>
internal static class FinetuningRun
{
    /// <summary>Name of the run, for folders.</summary>
    public const string Name = "finetune";

    /// <summary>Runs the request.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(FinetuningRequest request)
    {
        request.Training.Validate();
        _ = MetricSet.Create(request.Metrics); // a wrong name costs no time
        using var interruption = new Interruption();
        return TrainerOptions.InFolder(request.Run, Name, run => Train(request with { Run = run }, interruption.Token));
    }

    private static int Train(FinetuningRequest request, CancellationToken cancellation)
    {
        var device = SharedOptions.ResolveDevice(request.Device);
        var tokenizer = T5GemmaTokenizer.FromPretrained(request.Model);
        using var data = FinetuningData.Read(request, request.Data, tokenizer, cancellation);
        using var evaluationData = request.EvaluationData.Count == 0 ? null : FinetuningData.Read(request, request.EvaluationData, tokenizer, cancellation);
        var run = new TrainingRun(request.Run, request.Training, request.Loss, $"{data.Fingerprint};{request.Optimizer};{Describe(request.Adapter)}");

        // A copy of the weights: they change, and the checkpoint may be removed meanwhile.
        using var model = T5GemmaForConditionalGeneration.FromPretrained(
            request.Adapter is null ? run.Checkpoint ?? request.Model : request.Model, new PretrainedOptions { Device = device, DType = SharedOptions.ResolveDType(request.DType, device), UseMemoryMap = false });
        var adapter = request.Adapter is not { } config ? null
            : run.Checkpoint is { } checkpoint ? LoraAdapter.FromPretrained(model, checkpoint, isTrainable: true) : LoraAdapter.Attach(model, config, request.Training.Seed);
        var trained = (adapter?.NamedParameters() ?? model.named_parameters()).ToList();
        using var optimizer = CreateOptimizer(request, trained);
        var count = data.Examples.CountOf(epoch: 0);
        Console.WriteLine($"{count} examples ({data.Statistics.CutSources} sources and {data.Statistics.CutTargets} targets cut, {data.Statistics.Dropped} dropped), {trained.Sum(item => item.Parameter.numel())} of {model.parameters().Sum(parameter => parameter.numel())} parameters trained, {request.Training.Steps} steps of {request.Training.BatchSize} on {device}");
        var evaluation = evaluationData is null ? null : new FinetuningEvaluation(model, tokenizer, evaluationData.Examples, request, cancellation);
        var result = run.Train(new Seq2SeqTask(model, data.Examples, request.Loss, request.IsSegmented), optimizer, evaluation is null ? null : evaluation.Measure, WriteModel, cancellation);
        Console.WriteLine(request.Run.Folder);
        return result.Interrupted ? ExitCode.Interrupted : ExitCode.Done;

        void WriteModel(string target)
        {
            if (adapter is null)
                model.SavePretrained(target);
            else
                adapter.SavePretrained(target);
            tokenizer.SavePretrained(target);
        }
    }

    private static string Describe(LoraConfig? adapter) => adapter is null
        ? "all"
        : string.Create(CultureInfo.InvariantCulture, $"lora {adapter.R} {adapter.LoraAlpha} {adapter.LoraDropout} {adapter.UseDora} {adapter.UseRslora} {adapter.TargetModules}");

    private static Optimizer CreateOptimizer(FinetuningRequest request, IEnumerable<(string Name, Parameter Parameter)> parameters) => request.Optimizer switch
    {
        OptimizerKind.Adafactor => new Adafactor(parameters, new AdafactorOptions { WeightDecay = request.Training.Optimizer.WeightDecay }),
        OptimizerKind.Sgd => new Sgd(parameters, new SgdOptions { Momentum = request.Training.Optimizer.Beta1, WeightDecay = request.Training.Optimizer.WeightDecay }),
        _ => new AdamW(parameters, request.Training.Optimizer),
    };
}

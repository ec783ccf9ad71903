using System.Globalization;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Commands.Train;
using T5GemmaSharp.Training.Finetuning.Classification;
using T5GemmaSharp.Training.Optimization;
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
        using var interruption = new Interruption();
        return TrainerOptions.InFolder(request.Run, Name, run => Train(request with { Run = run }, interruption.Token));
    }

    private static int Train(FinetuningRequest request, CancellationToken cancellation)
    {
        var tokenizer = T5GemmaTokenizer.FromPretrained(request.Model);
        return request.Objective switch
        {
            Objective.Classify => Train(request, tokenizer, new HeadSetup<T5GemmaForSequenceClassification, SequenceClassifierOutput>(new SequenceHead(), request, tokenizer, cancellation), cancellation),
            Objective.TokenClassify => Train(request, tokenizer, new HeadSetup<T5GemmaForTokenClassification, TokenClassifierOutput>(new TokenHead(), request, tokenizer, cancellation), cancellation),
            _ => Train(request, tokenizer, new GenerationSetup(request, tokenizer, cancellation), cancellation),
        };
    }

    private static int Train<TOutput>(FinetuningRequest request, T5GemmaTokenizer tokenizer, IFinetuningSetup<TOutput> ownedSetup, CancellationToken cancellation)
    {
        using var setup = ownedSetup;
        var device = SharedOptions.ResolveDevice(request.Device);
        var run = new TrainingRun(request.Run, request.Training, request.Loss, $"{setup.Fingerprint};{request.Optimizer};{Describe(request.Adapter)}");

        // A copy of the weights: they change, and the checkpoint may be removed meanwhile.
        var options = new PretrainedOptions { Device = device, DType = SharedOptions.ResolveDType(request.DType, device), UseMemoryMap = false };
        var task = setup.Load(request.Adapter is null ? run.Checkpoint ?? request.Model : request.Model, options, cancellation);
        using var model = task.Model;
        var adapter = request.Adapter is not { } config ? null
            : run.Checkpoint is { } checkpoint ? LoraAdapter.FromPretrained(model, checkpoint, isTrainable: true) : LoraAdapter.Attach(model, config, request.Training.Seed);
        var trained = (adapter?.NamedParameters() ?? request.Training.Parts.Choose(model)).ToList();
        using var optimizer = CreateOptimizer(request, trained, request.Run.Parallel);
        Console.WriteLine($"{task.Task.CountOf(epoch: 0)} examples ({setup.Statistics.CutSources} sources and {setup.Statistics.CutTargets} targets cut, {setup.Statistics.Dropped} dropped), {trained.Sum(item => item.Parameter.numel())} of {model.parameters().Sum(parameter => parameter.numel())} parameters trained, {request.Training.Steps} steps of {request.Training.BatchSize} on {device}");
        var result = run.Train(task.Task, optimizer, task.Measure, WriteModel, cancellation);
        Console.WriteLine(request.Run.Folder);
        return result.Interrupted ? ExitCode.Interrupted : ExitCode.Done;

        void WriteModel(string target)
        {
            if (adapter is null)
            {
                model.SavePretrained(target);
            }
            else
            {
                adapter.SavePretrained(target);
                task.WriteBesideAdapter?.Invoke(target);
            }

            tokenizer.SavePretrained(target);
        }
    }

    private static string Describe(LoraConfig? adapter) => adapter is null
        ? "all"
        : string.Create(CultureInfo.InvariantCulture, $"lora {adapter.R} {adapter.LoraAlpha} {adapter.LoraDropout} {adapter.UseDora} {adapter.UseRslora} {adapter.TargetModules}");

    private static Optimizer CreateOptimizer(FinetuningRequest request, IEnumerable<(string Name, Parameter Parameter)> parameters, IParameterShards? shards) => request.Optimizer switch
    {
        OptimizerKind.Adafactor => new Adafactor(parameters, new AdafactorOptions { WeightDecay = request.Training.Optimizer.WeightDecay }),
        OptimizerKind.Sgd => new Sgd(parameters, new SgdOptions { Momentum = request.Training.Optimizer.Beta1, WeightDecay = request.Training.Optimizer.WeightDecay }, shards),
        _ => new AdamW(parameters, request.Training.Optimizer, shards),
    };
}

using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Training.Tasks;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class LayerwiseStepTests
{
    private static readonly Seq2SeqExamples Examples = new([new([5, 6, 7, 8, 9], [10, 11, 1]), new([4, 3], [-100, 12, 13, 1]), new([9, 9, 9], [1]), new([7, 30], [40, 41, 1])]);

    private static readonly TrainingOptions Options = new()
    {
        Steps = 6,
        BatchSize = 3,
        LearningRate = 1e-2,
        MaxGradientNorm = 0,
        ReportSteps = 1,
        Parts = new TrainedParts { Frozen = ["encoder.layers.1"] },
    };

    [Test]
    public void Run_ReleasedGradients_GiveTheOrdinaryRunBitForBit(
        [Values(nameof(AdamW), nameof(Adafactor), nameof(Sgd))] string kind, [Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType dtype, [Values] bool isTied)
    {
        using var scope = NewDisposeScope();
        var expected = Train(kind, dtype, isTied, Options);
        var actual = Train(kind, dtype, isTied, Options with { ReleasesGradients = true });
        Assert.Multiple(() =>
        {
            Assert.That(actual.Norms, Is.EqualTo(expected.Norms));
            Assert.That(actual.Tensors.Keys, Is.EqualTo(expected.Tensors.Keys));
            foreach (var (name, tensor) in expected.Tensors)
                Assert.That(actual.Tensors[name].Equals(tensor), Is.True, name);
        });
    }

    [Test]
    public void Run_ReleasedGradientsOfAHead_GiveTheOrdinaryRunBitForBit([Values(null, ProblemType.SingleLabelClassification)] ProblemType? problem, [Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        var (expected, actual) = (Train(Options), Train(Options with { ReleasesGradients = true }));
        Assert.That(actual.Norms, Is.EqualTo(expected.Norms));
        Assert.That(actual.Weights.Zip(expected.Weights), Is.All.Matches<(Tensor Actual, Tensor Expected)>(pair => pair.Actual.Equals(pair.Expected)));

        (List<double> Norms, List<Tensor> Weights) Train(TrainingOptions options)
        {
            var task = HeadSample.Task(problem, isEncoderDecoder, isSegmented: true);
            using var model = task.Model;
            using var optimizer = new AdamW(options.Parts.Choose(model), options.Optimizer);
            var result = new Trainer(task, options).Run(optimizer);
            return ([.. result.State.Reports.Select(report => report.GradientNorm)], [.. model.parameters().Select(parameter => parameter.detach().clone())]);
        }
    }

    [Test]
    public void Backward_Receiver_SeesTheGradientsOfOneLayerAndTheTiedTable([Values] bool isTied)
    {
        using var model = SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = isTied });
        model.train();
        using var optimizer = new Sgd(model.named_parameters(), new SgdOptions());
        using var update = new LayerwiseStep(optimizer, learningRate: 1e-3, gradientScale: 1, step: 0);
        var receiver = new Watch(model, update);
        var task = new Seq2SeqTask(model, Examples, isSegmented: true);
        task.Backward(task.Prepare(epoch: 0, [0, 1, 2]), seed: 3, receiver).Dispose();
        update.Finish();
        string[] table = isTied ? ["model.decoder.embed_tokens"] : [];
        Assert.Multiple(() =>
        {
            Assert.That(receiver.Seen[0], Is.EqualTo(isTied ? ["model.decoder.embed_tokens", "model.decoder.norm"] : (string[])["lm_head.out_proj", "model.decoder.norm"]), "the head and what is beside it");
            Assert.That(receiver.Seen[1], Is.EqualTo([.. table, "model.decoder.layers.1"]));
            Assert.That(receiver.Seen[2], Is.EqualTo([.. table, "model.decoder.layers.0"]));
            Assert.That(receiver.Seen.Skip(3), Is.EqualTo(new string[][]
            {
                ["model.decoder.embed_tokens"], ["model.encoder.norm"], ["model.encoder.layers.2"], ["model.encoder.layers.1"], ["model.encoder.layers.0"], ["model.encoder.embed_tokens"],
            }));
            Assert.That(Watch.Parts(model), Is.Empty, "no gradient is left");
        });
    }

    [Test]
    public void Run_LossIsNotFinite_LeavesTheStepsOutAsTheOrdinaryRunDoes()
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using (no_grad())
            model.Model.Decoder.Norm.Weight.fill_(float.NaN);
        var before = model.Model.Encoder.EmbedTokens.weight!.clone();
        using var optimizer = new Sgd(model.named_parameters(), new SgdOptions());
        var trainer = new Trainer(new Seq2SeqTask(model, Examples, isSegmented: true), Options with { ReleasesGradients = true });
        Assert.That(() => trainer.Run(optimizer), Throws.TypeOf<TrainingDivergedException>().With.Message.Contains("step 2").And.Message.Contains("3 steps in a row"));
        Assert.That((model.Model.Encoder.EmbedTokens.weight!.Equals(before), optimizer.Steps), Is.EqualTo((true, 0)));
    }

    [Test]
    public void Take_GradientIsNotFinite_NamesItAndWhatToDo()
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [new(zeros(2)), new(zeros(2))];
        using var optimizer = new Sgd([("last", parameters[0]), ("first", parameters[1])], new SgdOptions());
        using var step = new LayerwiseStep(optimizer, learningRate: 1, gradientScale: 1, step: 7);
        Assert.That(step.Accepts(tensor(1f)), Is.True);
        parameters[0].grad = ones(2);
        step.Take();
        parameters[1].grad = tensor(new[] { 1, float.PositiveInfinity });
        Assert.Multiple(() =>
        {
            Assert.That(() => step.Take(), Throws.TypeOf<TrainingDivergedException>().With.Message.Contains("step 7").And.Message.Contains("one of first that is not").And.Message.Contains("last checkpoint"));
            Assert.That((parameters[0].sum().item<float>(), parameters[1].sum().item<float>()), Is.EqualTo((-2f, 0f)));
        });
    }

    [Test]
    public void Take_SecondGradientOfAParameter_Throws()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(zeros(2));
        using var optimizer = new Sgd([("shared", parameter)], new SgdOptions());
        using var step = new LayerwiseStep(optimizer, learningRate: 1, gradientScale: 1, step: 0);
        step.Accepts(tensor(1f));
        parameter.grad = ones(2);
        step.Take(unfinished: parameter);
        Assert.That(parameter.grad, Is.Not.Null, "it is kept for its second use");
        step.Take();
        parameter.grad = ones(2);
        Assert.That(() => step.Take(), Throws.InvalidOperationException.With.Message.Contains("shared"));
    }

    [Test]
    public void Constructor_SettingsThatNeedAllGradients_AreRefusedByName()
    {
        using var model = SampleModel.RandomLM();
        var released = Options with { ReleasesGradients = true };
        Assert.Multiple(() =>
        {
            Assert.That(() => new Trainer(new Seq2SeqTask(model, Examples, isSegmented: true), released with { MaxGradientNorm = 1, MicroBatchSize = 2 }),
                Throws.ArgumentException.With.Message.Contains("MaxGradientNorm: expected 0").And.Message.Contains("MicroBatchSize"));
            Assert.That(() => new Trainer(new Seq2SeqTask(model, Examples), released), Throws.ArgumentException.With.Message.Contains("layer by layer"));
        });
    }

    [Test]
    public void Run_ReleasedGradients_LeavesNoMoreTensorsAlive()
    {
        using var model = SampleModel.RandomLM();
        using var optimizer = new AdamW(model.named_parameters(), new AdamWOptions());
        var counts = new List<long>();
        new Trainer(new Seq2SeqTask(model, Examples, isSegmented: true), Options with { Steps = 12, ReleasesGradients = true })
            .Run(optimizer, new TrainingHooks { Observer = new StepObserver(_ => counts.Add(LiveTensors.Count)) });
        Assert.That(counts[5..], Is.All.LessThanOrEqualTo(counts[5]));
    }

    private static (List<double> Norms, SortedDictionary<string, Tensor> Tensors) Train(string kind, ScalarType dtype, bool isTied, TrainingOptions options)
    {
        using var model = SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = isTied });
        if (dtype != ScalarType.Float32)
            model.to(dtype);
        var parameters = options.Parts.Choose(model);
        using Optimizer optimizer = kind switch
        {
            nameof(Adafactor) => new Adafactor(parameters, new AdafactorOptions { WeightDecay = 0.1 }),
            nameof(Sgd) => new Sgd(parameters, new SgdOptions { Momentum = 0.9, WeightDecay = 0.1 }),
            _ => new AdamW(parameters, new AdamWOptions { WeightDecay = 0.1 }),
        };
        using var average = new MovingAverage(optimizer, decay: 0.9);
        var result = new Trainer(new Seq2SeqTask(model, Examples, isSegmented: true), options).Run(optimizer, new TrainingHooks { Average = average });
        var tensors = optimizer.State().Concat(average.State()).Concat(model.named_parameters().Select(item => new KeyValuePair<string, Tensor>(item.name, item.parameter)));
        return ([.. result.State.Reports.Select(report => report.GradientNorm)], new(tensors.ToDictionary(item => item.Key, item => item.Value.detach().clone()), StringComparer.Ordinal));
    }

    /// <summary>Sees which parts of a model have gradients whenever a receiver is called.</summary>
    private sealed class Watch(T5GemmaForConditionalGeneration model, IGradientReceiver receiver) : IGradientReceiver
    {
        public List<string[]> Seen { get; } = [];

        public static string[] Parts(T5GemmaForConditionalGeneration model)
            => [.. model.named_parameters().Where(item => item.parameter.grad is not null).Select(item => PartOf(item.name.Split('.'))).Distinct().Order(StringComparer.Ordinal)];

        public bool Accepts(Tensor loss) => receiver.Accepts(loss);

        public void Take(Parameter? unfinished = null)
        {
            Seen.Add(Parts(model));
            receiver.Take(unfinished);
        }

        private static string PartOf(string[] name) => string.Join('.', name.Take(name.Contains("layers") ? 4 : name.Length - 1));
    }
}

using NUnit.Framework;
using T5GemmaSharp.Kernels.Cpu;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

/// <summary>The engine's logits against those of the modules, step by step.</summary>
public sealed class CpuDecodeEngineStepsTests
{
    private const int Steps = 20; // three times the decoder's window

    // Sums of float32 in another order: the logits reach 9, and errors of single sums (1e-7 of a value) grow through three layers.
    private const double Tolerance = 2e-5;

    [Test]
    public void Logits_AnyNumberOfThreads_EqualTheModules([Values(1, 2, 4)] int threads, [Values(1, 3, 4, 9)] int rows)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var engine = CpuDecodeEngine.TryCreate(model, rows, threads, out _)!;
        var (states, ids) = (States(model, rows), Ids(rows));
        TensorAssert.Close(DecodeSteps.All(model, states, ids, engine), DecodeSteps.All(model, states, ids, engine: null), Tolerance, "logits");
    }

    [Test]
    public void Logits_FourThreads_AreTheSameEveryTime()
    {
        const int Rows = 3;
        using var scope = NewDisposeScope();
        using var model = Model();
        var (states, ids) = (States(model, Rows), Ids(Rows));
        var expected = Logits();
        for (var time = 0; time < 40; time++)
            TensorAssert.Close(Logits(), expected, 0, $"time {time}: who computes a row changes nothing in it");

        Tensor Logits()
        {
            using var engine = CpuDecodeEngine.TryCreate(model, Rows, threads: 4, out _)!;
            return DecodeSteps.All(model, states, ids, engine);
        }
    }

    [Test]
    public void Logits_TwoEnginesAtOnce_DoNotDisturbEachOther()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var rows = new[] { 2, 5 };
        var states = rows.Select(count => States(model, count)).ToArray();
        var ids = rows.Select(count => Ids(count)).ToArray();
        var expected = rows.Select((_, caller) => DecodeSteps.All(model, states[caller], ids[caller], engine: null)).ToArray();
        var callers = rows.Select((count, caller) => Task.Factory.StartNew(() => Decode(count, caller), TaskCreationOptions.LongRunning)).ToArray();
        Task.WaitAll(callers);

        void Decode(int count, int caller)
        {
            using var inner = NewDisposeScope();
            using var engine = CpuDecodeEngine.TryCreate(model, count, threads: 4, out _)!;
            for (var time = 0; time < 10; time++)
                TensorAssert.Close(DecodeSteps.All(model, states[caller], ids[caller], engine), expected[caller], Tolerance, $"caller {caller}");
        }
    }

    [Test]
    public void Logits_FewerRowsThanAnnounced_EqualTheModules()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var engine = CpuDecodeEngine.TryCreate(model, rows: 7, threads: 2, out _)!;
        foreach (var rows in new[] { 7, 2, 5 })
        {
            var (states, ids) = (States(model, rows), Ids(rows));
            TensorAssert.Close(DecodeSteps.All(model, states, ids, engine), DecodeSteps.All(model, states, ids, engine: null), Tolerance, $"{rows} rows");
        }
    }

    [Test]
    public void Logits_LayerTakenOutOfTheDecoder_EqualTheModules()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        model.Model.Decoder.Layers.RemoveAt(1);
        using var engine = CpuDecodeEngine.TryCreate(model, rows: 2, threads: 1, out _)!;
        var (states, ids) = (States(model, 2), Ids(2));
        TensorAssert.Close(DecodeSteps.All(model, states, ids, engine), DecodeSteps.All(model, states, ids, engine: null), Tolerance, "logits");
    }

    [Test]
    public void Logits_IdOutsideTheVocabulary_Raises([Values(-1, 47)] long id)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var engine = CpuDecodeEngine.TryCreate(model, rows: 1, threads: 1, out _)!;
        Assert.That(() => DecodeSteps.All(model, States(model, 1), tensor(new[,] { { 2, id } }), engine), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains($"0 to 46, got {id}"));
    }

    [Test]
    public void Logits_BFloat16_AreNoFurtherFromFloat32ThanThoseOfTheModules([Values(1, 2, 3, 4, 5)] int seed, [Values(1, 4)] int threads)
    {
        const int Rows = 4;
        using var scope = NewDisposeScope();
        using var model = Model(seed).to(ScalarType.BFloat16);
        using var exact = Model(seed).to(ScalarType.BFloat16).to(ScalarType.Float32); // the same weights
        using var engine = CpuDecodeEngine.TryCreate(model, Rows, threads, out _)!;
        var (states, ids) = (States(model, Rows), Ids(Rows));
        var expected = DecodeSteps.All(exact, states.to(ScalarType.Float32), ids, engine: null);
        var error = DecodeSteps.All(model, states, ids, engine).RelativeDistance(expected);
        var errorOfModules = DecodeSteps.All(model, states, ids, engine: null).RelativeDistance(expected);
        TestContext.Out.WriteLine($"engine {error:E2}, modules {errorOfModules:E2}");
        Assert.That(error, Is.LessThanOrEqualTo(errorOfModules)); // the engine rounds keys and values to bfloat16, the modules every result
    }

    private static T5GemmaForConditionalGeneration Model(int seed = 7) => TinyModels.LanguageModel(TinyModels.Config with { TieWordEmbeddings = false }, seed: seed);

    private static Tensor Ids(int rows) => TinyModels.Ids(rows, Steps, seed: 12, vocabSize: 47);

    private static Tensor States(T5GemmaForConditionalGeneration model, int rows)
    {
        using var source = model.Encode(new() { InputIds = TinyModels.Ids(rows, 9, seed: 11) });
        return source.EncoderOutputs.LastHiddenState.clone();
    }
}

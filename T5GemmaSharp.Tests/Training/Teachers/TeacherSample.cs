using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Tasks;
using T5GemmaSharp.Training.Teachers;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Teachers;

/// <summary>Two epochs of examples, which differ, and what teachers' tests do with them.</summary>
internal sealed class TeacherSample : IExampleSource<Seq2SeqExample>
{
    public const string Vocabulary = "a vocabulary";

    private static readonly Seq2SeqExample[][] Epochs =
    [
        [new([5, 6, 7, 8, 9], [10, 11, 1]), new([4, 3], [-100, 12, 13, 1]) { Kind = 1 }, new([9, 9, 9], [1]), new([8, 7], [-100, -100])],
        [new([5, 6, 7], [33, 11, 20, 1]), new([4, 3, 2, 6], [13, 1]) { Kind = 1 }, new([9], [15, -100, 1])],
    ];

    public static TeacherSample Instance { get; } = new();

    public static T5GemmaConfig TeacherConfig { get; } = SampleModel.Config with { Decoder = SampleModel.Config.Decoder with { NumHiddenLayers = 3, HiddenSize = 30 } };

    public Seq2SeqExample this[int epoch, int index] => Epochs[epoch][index];

    public int CountOf(int epoch) => Epochs[epoch].Length;

    public ExampleLength LengthOf(int epoch, int index) => Epochs[epoch][index].Length;

    /// <summary>Writes a teacher's file.</summary>
    public static StoredTeacher Store(string path, T5GemmaForConditionalGeneration teacher, double temperature, StoredTeacherOptions options)
    {
        StoredTeacherWriter.Write(path, new T5GemmaTeacher(teacher, temperature), Instance, Vocabulary, options);
        return StoredTeacher.Open(path);
    }

    /// <summary>Loss and gradients of a batch.</summary>
    public static (float Loss, Dictionary<string, Tensor> Gradients) Backward(
        T5GemmaForConditionalGeneration model, Distillation distillation, int epoch, int[] indices, int chunkSize = 1000, bool isSegmented = false)
    {
        model.zero_grad();
        var task = new Seq2SeqTask(model, Instance, new TokenLossOptions { ChunkSize = chunkSize }, isSegmented, distillation);
        var loss = task.Backward(task.Prepare(epoch, indices), seed: 3).item<float>();
        return (loss, model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone())); // every parameter has a share
    }

    /// <summary>Logits of an example's targets, the example alone.</summary>
    public static double[][] Logits(T5GemmaForConditionalGeneration model, Seq2SeqExample example)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var labels = tensor(example.Labels.Select(label => (long)label).ToArray()).unsqueeze(0);
        var logits = model.call(new() { InputIds = tensor(example.InputIds.Select(id => (long)id).ToArray()).unsqueeze(0), Labels = labels, UseCache = false }).Logits[0];
        return [.. Enumerable.Range(0, example.Labels.Length).Where(place => example.Labels[place] != -100).Select(place => logits[place].data<float>().Select(logit => (double)logit).ToArray())];
    }

    /// <summary>Probabilities at a temperature.</summary>
    public static double[] Probabilities(double[] logits, double temperature)
    {
        var sum = logits.Sum(logit => Math.Exp(logit / temperature));
        return [.. logits.Select(logit => Math.Exp(logit / temperature) / sum)];
    }
}

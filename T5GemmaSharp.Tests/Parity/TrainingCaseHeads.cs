using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>Training of a classification model on the batches of a case, an epoch for each step, by the loss that the model itself computes.</summary>
internal sealed class TrainingCaseHeads(nn.Module model, TrainingCase source) : ITrainingTask
{
    public nn.Module Model => model;

    public int CountOf(int epoch) => 1;

    public ExampleLength LengthOf(int epoch, int index) => new(1, 0);

    public IMicroBatch Prepare(int epoch, IReadOnlyList<int> indices) => new Step(epoch);

    public Tensor Backward(IMicroBatch batch, ulong seed)
    {
        using var scope = NewDisposeScope();
        var loss = Loss(source.Batch(((Step)batch).Number));
        loss.backward();
        return scope.MoveToOuter(loss.detach());
    }

    private Tensor Loss(T5GemmaInputs inputs) => model switch
    {
        T5GemmaForSequenceClassification typed => typed.call(inputs).Loss!, // there are labels
        T5GemmaForTokenClassification typed => typed.call(inputs).Loss!,
        _ => throw new ArgumentException($"{model.GetType()} has no head", nameof(inputs)),
    };

    /// <summary>A step's whole batch, as one thing to average over: the model's loss is a mean already.</summary>
    private sealed record Step(int Number) : IMicroBatch
    {
        public long Targets => 1;

        public long Tokens => 1;

        public long Cells => 1;
    }
}

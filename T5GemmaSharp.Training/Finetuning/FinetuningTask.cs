using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>A loaded model and what is done with it.</summary>
/// <typeparam name="TOutput">What the model returns.</typeparam>
/// <param name="Model">The model.</param>
/// <param name="Task">Its training.</param>
/// <param name="Measure">Measures it after a number of steps; null: there is nothing to measure on.</param>
/// <param name="WriteBesideAdapter">Writes into an adapter's folder what its base model does not hold; null: nothing is missing there.</param>
internal sealed record FinetuningTask<TOutput>(
    T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> Model, ITrainingTask Task, Func<int, EvaluationReport>? Measure, Action<string>? WriteBesideAdapter = null);

using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>A kind of head: the class of the model that has it, and the labelled examples that it learns from.</summary>
/// <typeparam name="TModel">The class of the model.</typeparam>
/// <typeparam name="TOutput">What the model returns.</typeparam>
internal abstract class HeadKind<TModel, TOutput>
    where TModel : T5GemmaPreTrainedModel<T5GemmaInputs, TOutput>
{
    /// <summary>What the head of a configuration predicts of a text; null: its labels tell, or it predicts classes of words.</summary>
    public abstract ProblemType? ProblemOf(T5GemmaConfig config);

    /// <summary>Reads labelled examples.</summary>
    /// <param name="files">The files.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="options">How they are read.</param>
    /// <param name="labels">The classes; null: those of the rows, or there are numbers.</param>
    /// <param name="problem">What is predicted of a text; null: what the labels look like.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    public abstract IHeadData<TModel> Read(
        IReadOnlyList<string> files, T5GemmaTokenizer tokenizer, DataFileOptions options, LabelTable? labels, ProblemType? problem, CancellationToken cancellation);

    /// <summary>Loads a model.</summary>
    public abstract TModel Load(string folder, PretrainedOptions options);
}

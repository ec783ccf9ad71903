namespace T5GemmaSharp.Adapters;

/// <summary>What a task adds to the settings of an adapter.</summary>
/// <remarks>PEFT: the constructors of <c>PeftModelForSequenceClassification</c> and <c>PeftModelForTokenClassification</c>.</remarks>
internal static class LoraTask
{
    private const string SequenceClassification = "SEQ_CLS";
    private const string TokenClassification = "TOKEN_CLS";

    /// <summary>The settings with the task of a model's class, unless they have one, and what it adds.</summary>
    public static LoraConfig Complete<TInputs, TOutput>(LoraConfig config, T5GemmaPreTrainedModel<TInputs, TOutput> model) => WithHead(config with
    {
        TaskType = config.TaskType ?? model switch
        {
            T5GemmaForConditionalGeneration => "SEQ_2_SEQ_LM",
            T5GemmaForSequenceClassification => SequenceClassification,
            T5GemmaForTokenClassification => TokenClassification,
            _ => "FEATURE_EXTRACTION",
        },
    });

    /// <summary>The settings with a classification's head among the modules that are trained in full, by both names that PEFT lists.</summary>
    public static LoraConfig WithHead(LoraConfig config) => config.TaskType is SequenceClassification or TokenClassification
        ? config with { ModulesToSave = [.. (config.ModulesToSave ?? []).Union(LoraTargets.ClassificationHeads)] }
        : config;

    /// <summary>The class of model that a task names; null: it names none.</summary>
    public static string? ModelClass(string? taskType) => taskType switch
    {
        SequenceClassification => nameof(T5GemmaForSequenceClassification),
        TokenClassification => nameof(T5GemmaForTokenClassification),
        _ => null,
    };
}

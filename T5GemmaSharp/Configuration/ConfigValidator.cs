namespace T5GemmaSharp.Configuration;

/// <summary>Checks a resolved configuration and reports all faults together.</summary>
internal static class ConfigValidator
{
    // Larger sizes are no model: they would only end in an allocation failure with a worse message.
    private const long MaxSize = 1L << 26;
    private const long MaxLayers = 1L << 12;
    private const long MaxWeightElements = 1L << 36;

    internal static void Validate(T5GemmaConfig config, string source)
    {
        var faults = new List<string>();
        CheckStack(config.Encoder, "encoder", faults);
        CheckStack(config.Decoder, "decoder", faults);
        CheckRate(config.DropoutRate, "dropout_rate", faults);
        CheckRate(config.AttentionDropout, "attention_dropout", faults);
        CheckRate(config.ClassifierDropoutRate, "classifier_dropout_rate", faults);
        CheckSize(config.VocabSize, "vocab_size", faults);
        if (config.InitializerRange is { } range)
            CheckDeviation(range, "initializer_range", faults);
        if (config.Id2Label is { Count: 0 })
            faults.Add("id2label: expected at least one class, got none");
        if (config is { ProblemType: Configuration.ProblemType.SingleLabelClassification, NumLabels: 1 })
            faults.Add("problem_type: single_label_classification needs at least two classes, got 1");
        if (faults.Count > 0)
            throw new T5GemmaConfigException(source, faults);
    }

    private static void CheckStack(T5GemmaModuleConfig stack, string name, List<string> faults)
    {
        CheckSize(stack.VocabSize, $"{name}.vocab_size", faults);
        CheckSize(stack.HiddenSize, $"{name}.hidden_size", faults);
        CheckSize(stack.IntermediateSize, $"{name}.intermediate_size", faults);
        CheckSize(stack.NumHiddenLayers, $"{name}.num_hidden_layers", faults, MaxLayers);
        CheckSize(stack.NumAttentionHeads, $"{name}.num_attention_heads", faults);
        CheckSize(stack.NumKeyValueHeads, $"{name}.num_key_value_heads", faults);
        CheckSize(stack.HeadDim, $"{name}.head_dim", faults);
        CheckHeads(stack, name, faults);
        CheckWeight(stack.VocabSize, stack.HiddenSize, $"{name}.vocab_size times hidden_size", faults);
        CheckWeight(stack.IntermediateSize, stack.HiddenSize, $"{name}.intermediate_size times hidden_size", faults);
        CheckWeight(stack.NumAttentionHeads, stack.HeadDim, $"{name}.num_attention_heads times head_dim", faults, MaxSize);
        CheckDeviation(stack.InitializerRange, $"{name}.initializer_range", faults);
        CheckPositive(stack.RmsNormEps, $"{name}.rms_norm_eps", faults);
        CheckSize(stack.QueryPreAttnScalar, $"{name}.query_pre_attn_scalar", faults);
        if (stack.FinalLogitSoftcapping is { } finalCap)
            CheckPositive(finalCap, $"{name}.final_logit_softcapping", faults);
        if (stack.AttnLogitSoftcapping is { } attentionCap)
            CheckPositive(attentionCap, $"{name}.attn_logit_softcapping", faults);
        if (stack.SlidingWindow is not { } window)
            faults.Add($"{name}.sliding_window: expected a length in tokens, got null");
        else
            CheckSize(window, $"{name}.sliding_window", faults);
        if (stack.LayerTypes is { } types && types.Count != stack.NumHiddenLayers)
            faults.Add($"{name}.layer_types: expected {stack.NumHiddenLayers} entries (num_hidden_layers), got {types.Count}");
        CheckRope(stack.RopeParameters, name, faults);
        CheckPadding(stack, name, faults);
    }

    private static void CheckHeads(T5GemmaModuleConfig stack, string name, List<string> faults)
    {
        if (stack is { NumAttentionHeads: > 0, HiddenSize: > 0 } && stack.HiddenSize % stack.NumAttentionHeads != 0)
            faults.Add($"{name}.hidden_size: expected a multiple of num_attention_heads {stack.NumAttentionHeads}, got {stack.HiddenSize}");
        if (stack.NumKeyValueHeads > 0 && stack.NumAttentionHeads % stack.NumKeyValueHeads != 0)
            faults.Add($"{name}.num_attention_heads: expected a multiple of num_key_value_heads {stack.NumKeyValueHeads}, got {stack.NumAttentionHeads}");
        if (stack.HeadDim % 2 != 0)
            faults.Add($"{name}.head_dim: expected an even size, which the rotary embedding needs, got {stack.HeadDim}");
    }

    private static void CheckRope(RopeParameters? rope, string name, List<string> faults)
    {
        if (rope is null)
        {
            faults.Add($"{name}.rope_parameters: expected an object, got null");
            return;
        }
        CheckPositive(rope.RopeTheta, $"{name}.rope_parameters.rope_theta", faults);
        if (rope.RopeType is not ("default" or "linear"))
            faults.Add($"{name}.rope_parameters.rope_type: expected default or linear, got {rope.RopeType ?? "null"}");
        if (rope.RopeType == "linear" && rope.Factor is not > 0)
            faults.Add($"{name}.rope_parameters.factor: expected a positive number for linear scaling, got {rope.Factor?.ToString() ?? "null"}");
    }

    private static void CheckPadding(T5GemmaModuleConfig stack, string name, List<string> faults)
    {
        // The embedding table needs the padding row; other special ids outside the table are only a warning in the reference.
        if (stack.PadTokenId is { } pad && (pad < 0 || pad >= stack.VocabSize))
            faults.Add($"{name}.pad_token_id: expected an id below vocab_size {stack.VocabSize}, got {pad}");
    }

    private static void CheckSize(long value, string name, List<string> faults, long max = MaxSize)
    {
        if (value < 1 || value > max)
            faults.Add($"{name}: expected 1 to {max}, got {value}");
    }

    private static void CheckWeight(long rows, long columns, string name, List<string> faults, long max = MaxWeightElements)
    {
        // Sizes that are wrong by themselves are reported as such; the rest cannot overflow.
        if (rows is >= 1 and <= MaxSize && columns is >= 1 and <= MaxSize && rows * columns > max)
            faults.Add($"{name}: expected a product of at most {max}, got {rows * columns}");
    }

    private static void CheckRate(double value, string name, List<string> faults)
    {
        if (value is not (>= 0 and < 1))
            faults.Add($"{name}: expected a rate from 0 to below 1, got {value}");
    }

    private static void CheckDeviation(double value, string name, List<string> faults)
    {
        if (!(value >= 0 && double.IsFinite(value)))
            faults.Add($"{name}: expected a finite standard deviation of at least 0, got {value}");
    }

    private static void CheckPositive(double value, string name, List<string> faults)
    {
        if (!(value > 0 && double.IsFinite(value)))
            faults.Add($"{name}: expected a positive number, got {value}");
    }
}
